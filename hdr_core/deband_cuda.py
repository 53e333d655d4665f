"""Debanding by CUDA kernels of our own: `deband.deband`, bit for bit, in one pass over the picture for each distance."""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from .kernel_apply.driver import launch

_THREADS = (32, 8)


class _BandShape(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("height", "width", "row_step", "inner_step", "inner_height", "inner_width")),
        *((name, ctypes.c_int) for name in ("radius", "rest")),
    )


def deband(codes: Tensor, grain: int, radii: list[int]) -> Tensor:
    """Code values (C, h + 2 margin, w + 2 margin), uint8 on CUDA, to (C, h, w) float32. margin: grain + the last radius."""
    codes = codes.contiguous()
    margin = grain + radii[-1]
    count, height, width = len(codes), codes.shape[1] - 2 * margin, codes.shape[2] - 2 * margin
    out = torch.empty(count, height, width, device=codes.device)
    ways = [_room(height + 2 * radii[-1], width + 2 * radii[-1], codes.device) for _ in range(2)]
    for channel, result in zip(codes, out, strict=True):
        _one(channel, result, ways, margin, radii)
    return out


def _room(height: int, width: int, device: torch.device) -> list[Tensor]:
    """The highest and lowest around each pixel, and their mean."""
    return [torch.empty(height, width, device=device, dtype=t) for t in (torch.int16, torch.int16, torch.float32)]


def _one(codes: Tensor, out: Tensor, ways: list[list[Tensor]], margin: int, radii: list[int]) -> None:
    height, width = out.shape
    step = codes.stride(0)
    rest = radii[-1]
    row_step = width + 2 * rest
    _launch("deband_begin_uint8", [codes, *ways[0]], (height, width), (step, step), 0, rest)
    inner = codes[margin:, margin:]
    for n, radius in enumerate(radii):
        rest = radii[-1] - radius
        before, after = ways[n % 2], ways[(n + 1) % 2]
        _launch("deband_grow_uint8", [inner, *before, *after, out], (height, width), (row_step, step), radius, rest)
        row_step = width + 2 * rest


def _launch(name: str, tensors: list[Tensor], size: tuple[int, int], steps: tuple[int, int], radius: int, rest: int) -> None:
    """Start a step. size: of the tile; steps: from row to row read, and of codes; rest: what is written around it."""
    height, width = size
    rows, columns = height + 2 * rest, width + 2 * rest
    shape = _BandShape(rows, columns, *steps, height, width, radius, rest)
    blocks = -(-columns // _THREADS[0]) * -(-rows // _THREADS[1])
    device = tensors[0].device.index
    stream = torch.cuda.current_stream(device).cuda_stream
    launch(name, device, stream, blocks, _THREADS, [*(ctypes.c_void_p(t.data_ptr()) for t in tensors), shape])
