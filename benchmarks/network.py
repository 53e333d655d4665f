"""The whole network on a GPU: its parts, and the memory that it takes.

    python -m benchmarks.network

Medians of CUDA events, in milliseconds; the photo's code values lie on the GPU, and so does the radiance. "eager": as plain
torch runs the small steps at working resolution, without a graph. "plain torch": the light part without our kernel, in tiles
of 1024. "torch.compile": the same, whole, compiled for the picture's size, its convolutions in half precision (autocast), with
the reference in place of our operator. The last row is a photo in the processor's memory that becomes radiance there, with 8
GiB as the GPU's budget, so in tiles; its memory is all that torch holds.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.kernel_apply import milliseconds
from hdr_core.kernel_apply import reference
from hdr_core.network import model
from hdr_core.network.glow import glow_size
from hdr_core.network.inference import Inference
from hdr_core.network.padding import pad
from hdr_core.network.view import View, crop, working_size
from hdr_core.network.weights import load_network
from hdr_core.photo import Photo
from hdr_core.reconstruct import reconstruct, release_memory

PICTURES = ((2048, 4096), (4096, 8192), (8192, 16384))
BUDGET = 8  # GiB
COMPILED = "light part, torch.compile"


def photo(height: int, width: int) -> Tensor:
    """Code values (1, 3, H, W) with a gradient, grain and clipped regions."""
    torch.manual_seed(0)
    device = torch.device("cuda")
    smooth = functional.interpolate(torch.rand(1, 3, 16, 32, device=device), (height, width), mode="bilinear")
    return (smooth.mul_(1.4).sub_(0.1).add_(torch.rand(height, width, device=device), alpha=0.02)).clamp_(0, 1)


def _reference(source: Tensor, spatial: Tensor, channel: Tensor, *, border: str, dilation: int) -> Tensor:
    return reference.forward(source, spatial, channel, border, dilation)


@torch.inference_mode()
def rows(inference: Inference, height: int, width: int) -> list[tuple[str, float, float]]:
    """(what, milliseconds, peak GiB beside the photo)."""
    code, size = photo(height, width), working_size(height, width)
    halo = inference.network.halo

    def look() -> View:
        return View(inference.pool(code[0], size, 1.0), crop(code), True)

    def whole() -> Tensor:
        guidance = inference.guidance(look(), inference.glow(code[0], glow_size(height, width), 1.0), None)
        return inference.light(guidance, (height, width))(pad(code, halo, panorama=True), 0, 0)

    def plain() -> None:
        network = inference.network
        for y in range(0, height, 1024):
            for x in range(0, width, 1024):
                r, c = torch.arange(y - 2, y + 1026, device="cuda"), torch.arange(x - 2, x + 1026, device="cuda")
                network.restore(padded[..., y : y + 1028, x : x + 1028], guidance, r, c, (height, width))

    def compiled() -> Callable[[], Tensor]:
        torch.compiler.reset()
        restore = torch.compile(inference.network.restore)
        halo_rows, halo_columns = (torch.arange(-halo, side + halo, device="cuda") for side in (height, width))

        @torch.autocast("cuda", torch.float16)
        def call() -> Tensor:
            return restore(padded, guidance, halo_rows, halo_columns, (height, width))

        return call

    view = look()
    glow = inference.glow(code[0], glow_size(height, width), 1.0)
    guidance = inference.guidance(view, glow, None)
    calls = {
        "first look": look,
        "guidance, eager": lambda: inference._guidance(view, None, True),
        "glow": lambda: inference.glow(code[0], glow_size(height, width), 1.0),
        "guidance": lambda: inference.guidance(view, glow, None),
        "light part": lambda: inference.light(guidance, (height, width))(padded, 0, 0),
        "light part, plain torch": plain,
        COMPILED: compiled(),
        "all": whole,
    }
    out = []
    for name, call in calls.items():
        padded = pad(code, halo, panorama=True) if name.startswith("light") else code
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        if name in ("light part, plain torch", COMPILED) and width > 8192:
            continue
        with patch.object(model, "kernel_apply", _reference) if name == COMPILED else nullcontext():
            took = milliseconds(call, ahead=False)
        out.append((name, took, (torch.cuda.max_memory_allocated() - before) / 2**30))
    return out


def by_tiles(height: int, width: int, budget: int) -> tuple[float, float]:
    """Milliseconds and GiB in which a photo becomes radiance, with so many GiB as the budget."""
    pixels = photo(height, width)[0].mul_(255).byte().permute(1, 2, 0).cpu().numpy()
    os.environ["LDR_TO_HDRI_GPU_MEMORY"] = str(budget)
    release_memory()
    torch.cuda.reset_peak_memory_stats()
    for _ in range(2):  # the second is warm
        began = time.perf_counter()
        reconstruct(Photo(pixels, None, "sRGB"), panorama=True, device="cuda")
        took = time.perf_counter() - began
    return 1000 * took, torch.cuda.max_memory_reserved() / 2**30


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    if not torch.cuda.is_available():
        print("This benchmark needs a CUDA GPU.", file=sys.stderr)
        return 2
    inference = Inference(load_network()[0], torch.device("cuda", 0))
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, our kernels: {inference.fused}\n")
    print("| picture | | ms | GiB beside the photo |\n| --- | --- | --- | --- |")
    for height, width in PICTURES:
        for name, took, memory in rows(inference, height, width):
            print(f"| {width} x {height} | {name} | {took:.2f} | {memory:.2f} |", flush=True)
    height, width = PICTURES[-1]
    del inference
    took, memory = by_tiles(height, width, BUDGET)
    print(f"| {width} x {height} | photo to radiance, {BUDGET} GiB | {took:.0f} | {memory:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
