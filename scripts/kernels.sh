#!/usr/bin/env bash
# Compile the CUDA kernels into the one binary that ships, and record what it was made from. Needs nvcc 13 or newer.
set -euo pipefail
cd "$(dirname "$0")/../hdr_core/kernel_apply"
machine_code=(75 80 86 89 90 100 120)
targets=(-gencode "arch=compute_75,code=compute_75") # PTX: what comes after these chips compiles it when it loads it
for chip in "${machine_code[@]}"; do targets+=(-gencode "arch=compute_$chip,code=sm_$chip"); done
"${NVCC:-nvcc}" -std=c++17 -O3 -fatbin -compress-mode=size --threads 0 "${targets[@]}" kernel_apply.cu -o kernel_apply.fatbin
version=$("${NVCC:-nvcc}" --version | sed -n 's/.*release [^V]*V\(.*\)/\1/p')
printf '{"source": "%s", "binary": "%s", "nvcc": "%s"}\n' \
  "$(LC_ALL=C; cat *.cu *.cuh | sha256sum | cut -d' ' -f1)" "$(sha256sum kernel_apply.fatbin | cut -d' ' -f1)" "$version" > kernel_apply.json
ls -l kernel_apply.fatbin
