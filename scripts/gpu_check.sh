#!/usr/bin/env bash
# Everything that needs an NVIDIA GPU: the tests, then the measurements. Goes on where one part fails.
cd "$(dirname "$0")/.."
nvidia-smi --query-gpu=name,driver_version,memory.total,memory.used --format=csv
python -m pytest tests/gpu -q --maxfail=8 2>&1 | tail -40
for benchmark in "$@"; do # such as "network" or "convert --batch 40"
  echo "== $benchmark"
  # shellcheck disable=SC2086
  timeout 200 python -m benchmarks.$benchmark 2>&1 | tail -60
done
