"""kernel_apply on CUDA: shapes and tensors to launches of `kernel_apply.cu`."""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from .driver import launch

SIZES = (1, 3, 5, 7)
LARGEST_CHANNELS = 8
TYPES = {torch.float32: "float32", torch.float16: "float16", torch.bfloat16: "bfloat16"}
BORDERS = ("sphere", "clamp", "valid")  # their numbers in the source
_LANES, _ROWS = 32, 4  # threads of a block


class _Shape(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("height", "width", "tiles_down", "tiles_across")),
        *((name, ctypes.c_int) for name in ("channels", "dilation", "border", "aligned")),
    )


def _launch(name: str, tensors: list[Tensor], domain: Tensor, per_thread: int, dilation: int, border: str) -> None:
    """tensors: in the kernel's order, contiguous, the last (N, C, H, W); `domain`: whose pixels the threads take."""
    count, channels = domain.shape[:2]
    height, width = tensors[-1].shape[-2:]
    down, across = -(-domain.shape[2] // _ROWS), -(-domain.shape[3] // (_LANES * per_thread))
    wide = per_thread * domain.element_size()
    # one access for a thread's pixels: every row of every tensor has to begin on its boundary
    aligned = width % per_thread == 0 and all(t.data_ptr() % wide == 0 for t in tensors)
    shape = _Shape(height, width, down, across, channels, dilation, BORDERS.index(border), aligned)
    device = domain.device.index
    stream = torch.cuda.current_stream(device).cuda_stream
    launch(
        name, device, stream, count * down * across, (_LANES, _ROWS), [*(ctypes.c_void_p(t.data_ptr()) for t in tensors), shape]
    )


def _size(spatial: Tensor) -> int:
    return round(spatial.shape[1] ** 0.5)


def forward(source: Tensor, spatial: Tensor, channel: Tensor, border: str, dilation: int) -> Tensor:
    """As `reference.forward`, of CUDA tensors of one of TYPES."""
    out = torch.empty_like(channel, memory_format=torch.contiguous_format)
    if out.numel():
        tensors = [t.contiguous() for t in (source, spatial, channel)]
        name = f"forward_{TYPES[source.dtype]}_{_size(spatial)}"
        _launch(name, [*tensors, out], out, 8 // source.element_size(), dilation, border)
    return out


def backward(
    grad: Tensor, source: Tensor, spatial: Tensor, channel: Tensor, border: str, dilation: int
) -> tuple[Tensor, Tensor, Tensor]:
    """As `reference.backward`, of CUDA tensors of one of TYPES."""
    one, two, three = (torch.empty_like(t, memory_format=torch.contiguous_format) for t in (source, spatial, channel))
    if grad.numel():
        tensors = [t.contiguous() for t in (grad, source, spatial, channel)]
        name = f"backward_{TYPES[source.dtype]}_{_size(spatial)}_{3 if channel.shape[1] == 3 else LARGEST_CHANNELS}"
        per_thread = 2 if source.element_size() == 2 else 1
        _launch(name, [*tensors, one, two, three], one, per_thread, dilation, border)
    return one, two, three
