"""Restoring a panorama on the processor, against ExpandNet at the same size in the same run.

    taskset -c 0,1 python -m benchmarks.cpu --threads 2

ExpandNet (Marnerides et al. 2018) is rebuilt from its published layers with random weights: for its time only. Seconds are the
least of the repeats; "CPU s" is what all threads took together, which other programs disturb less. The peak is that of a
process of its own, beyond what importing takes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hdr_core.photo import Photo
from hdr_core.reconstruct import reconstruct

SIZE = (1024, 2048)


class ExpandNet(nn.Module):
    """Three branches: local, dilated, global; and a 1 x 1 fusion."""

    def __init__(self) -> None:
        super().__init__()

        def layer(inputs: int, outputs: int, size: int, stride: int, padding: int, dilation: int = 1) -> nn.Sequential:
            return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, padding, dilation), nn.SELU(inplace=True))

        self.local = nn.Sequential(layer(3, 64, 3, 1, 1), layer(64, 128, 3, 1, 1))
        self.dilated = nn.Sequential(
            layer(3, 64, 3, 1, 2, 2), layer(64, 64, 3, 1, 2, 2), layer(64, 64, 3, 1, 2, 2), nn.Conv2d(64, 64, 3, 1, 2, 2)
        )
        halvings = (layer(3 if i == 0 else 64, 64, 3, 2, 1) for i in range(6))
        self.whole = nn.Sequential(*halvings, nn.Conv2d(64, 64, 4))
        self.fuse = nn.Sequential(layer(256, 64, 1, 1, 0), nn.Conv2d(64, 3, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        local, dilated = self.local(x), self.dilated(x)
        whole = self.whole(functional.interpolate(x, (256, 256), mode="bilinear", align_corners=False))
        return self.fuse(torch.cat([local, dilated, whole.expand(-1, -1, *x.shape[-2:])], 1))


def photo(height: int, width: int) -> Photo:
    """A gradient with grain and a clipped region."""
    rng = np.random.default_rng(0)
    level = np.linspace(1.3, 0.2, height)[:, None, None] * np.array([0.8, 0.9, 1.0])
    codes = 255 * level + rng.normal(0, 3, (height, width, 1))
    return Photo(codes.clip(0, 255).astype(np.uint8), None, "sRGB")


def seconds(call: Callable[[], object], repeats: int) -> tuple[float, float]:
    """The least of `repeats`, after one that warms up: by the clock, and of all threads together."""
    walls, cpus = [], []
    for _ in range(repeats + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls[1:]), min(cpus[1:])


def ours(height: int, width: int, repeats: int) -> tuple[float, float]:
    picture = photo(height, width)
    return seconds(lambda: reconstruct(picture, panorama=True, device="cpu"), repeats)


@torch.inference_mode()
def expandnet(height: int, width: int, repeats: int) -> tuple[float, float]:
    network, code = ExpandNet().eval(), torch.rand(1, 3, height, width)
    return seconds(lambda: network(code), repeats)


def measured(name: str, height: int, width: int, repeats: int, threads: int) -> tuple[float, float, float]:
    """Seconds, CPU seconds and GiB of one of the two, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.cpu", "--only", name, "--size", str(height), str(width)]
    command += ["--repeats", str(repeats), "--threads", str(threads)]
    out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    return out["seconds"], out["cpu"], out["gib"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("ours", "expandnet"), help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, nargs=2, default=SIZE, metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--large", action="store_true", help="ours at 8192 x 4096, too")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.only:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        function = {"ours": ours, "expandnet": expandnet}[options.only]
        took, cpu = function(*options.size, options.repeats)
        gib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20  # kB on Linux
        print(json.dumps({"seconds": took, "cpu": cpu, "gib": gib}))
        return 0
    height, width = options.size
    print(f"torch {torch.__version__}, {options.threads} threads\n")
    print("| picture | | s | CPU s | GiB |\n| --- | --- | --- | --- | --- |")
    rows = [("ExpandNet", "expandnet", height, width), ("ours", "ours", height, width)]
    if options.large:
        rows.append(("ours", "ours", 4096, 8192))
    for label, name, h, w in rows:
        took, cpu, gib = measured(name, h, w, options.repeats if h == height else 1, options.threads)
        print(f"| {w} x {h} | {label} | {took:.2f} | {cpu:.2f} | {gib:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
