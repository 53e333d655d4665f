"""Starts every kind of our CUDA kernels once, on small ragged pictures: to be run under compute-sanitizer.

    PYTORCH_NO_CUDA_MEMORY_CACHING=1 compute-sanitizer --tool memcheck --error-exitcode 9 python scripts/sanitize.py

and with --tool initcheck (which finds reads of what nothing wrote), synccheck and racecheck. This one stumbles over kernels
of torch: run it for each part alone, "kernel_apply" and "network", the second with --kernel-name kns=light.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import torch

from hdr_core import deband
from hdr_core.kernel_apply import kernel_apply
from hdr_core.network.inference import Inference
from hdr_core.network.view import look
from hdr_core.network.weights import load_network

DEVICE = torch.device("cuda", 0)


def apply(border: str, size: int, channels: int, height: int, width: int, dilation: int, dtype: torch.dtype) -> None:
    outer = 2 * dilation * (size // 2) if border == "valid" else 0
    shapes = (channels, height + outer, width + outer), (size * size, height, width), (channels, height, width)
    inputs = [torch.rand(2, *shape).to(DEVICE, dtype).requires_grad_() for shape in shapes]
    out = kernel_apply(*inputs, border=border, dilation=dilation)  # type: ignore[arg-type]
    out.backward(torch.ones_like(out))


def all_forms() -> int:
    """Every form of kernel_apply; returns how many there are."""
    count = 0
    for border in ("sphere", "clamp", "valid"):
        for dtype in (torch.float16, torch.float32):
            for size, channels, height, width, dilation in (
                *((5, 3, 37, 140, 1), (3, 3, 39, 132, 1), (5, 3, 33, 131, 1), (7, 3, 12, 40, 1)),
                *((5, 1, 9, 70, 1), (5, 3, 11, 36, 2), (5, 3, 3, 5, 1), (1, 3, 8, 9, 1)),
            ):
                apply(border, size, channels, height, width, dilation, dtype)
                count += 1
    return count


def network() -> None:
    """Debanding, the first look, and the light part."""
    codes = (255 * torch.rand(3, 40 + 2 * deband.halo(40), 50 + 2 * deband.halo(40))).byte()
    deband.deband(codes.to(DEVICE), deband.halo(40))
    with torch.inference_mode():
        inference = Inference(load_network()[0], DEVICE)
        assert inference.fused
        code = torch.rand(1, 3, 64, 128).to(DEVICE)
        inference.pool(code[0], (64, 128), 1.0)
        view = look(code, panorama=True)
        guidance = inference._guidance(view, None)
        inference.light(guidance, (64, 128))(torch.rand(1, 3, 68, 132).to(DEVICE), 0, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=("kernel_apply", "network"))
    part = parser.parse_args().part
    torch.manual_seed(0)
    if part != "network":
        print(f"{all_forms()} forms of kernel_apply")
    if part != "kernel_apply":
        network()
        print("debanding, first look and light part")
    torch.cuda.synchronize()
    print("done")


if __name__ == "__main__":
    main()
