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
_MARCHING = (3, 5)  # sizes of kernels
_STRIP = 16  # rows that a warp marches down
_SMALLEST_STAGED = 8  # pixels: in a smaller picture a kernel may read a pixel twice, beyond two edges


class _Shape(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("height", "width", "tiles_down", "tiles_across")),
        *((name, ctypes.c_int) for name in ("channels", "dilation", "border", "aligned", "aligned_source")),
    )


class _Strips(ctypes.Structure):
    _fields_ = (("edge_blocks", ctypes.c_int64), ("rows", ctypes.c_int))


def _launch(
    name: str,
    inner: list[Tensor],
    source: list[Tensor],
    order: list[Tensor],
    domain: Tensor,
    per_thread: int,
    dilation: int,
    border: str,
) -> None:
    """Start a kernel on contiguous tensors, in `order`.

    inner: those of the result's size; source: those of the source's, each (N, C, H, W); domain: whose pixels the threads take.
    """
    count, channels = domain.shape[:2]
    height, width = inner[0].shape[-2:]
    down, across = -(-domain.shape[2] // _ROWS), -(-domain.shape[3] // (_LANES * per_thread))
    shape = _Shape(
        height,
        width,
        down,
        across,
        channels,
        dilation,
        BORDERS.index(border),
        _aligned(inner, per_thread),
        _aligned(source, per_thread),
    )
    _start(name, count * down * across, (_LANES, _ROWS), order, [shape])


def _march(order: list[Tensor], border: str) -> None:
    """The backward of `marching_backward.cuh`: a warp a strip, after those for pixels that are seen from beyond the edge."""
    spatial = order[2]
    count, planes, height, width = spatial.shape
    size = round(planes**0.5)
    down, across = -(-height // _STRIP), -(-width // (_LANES * _vector(spatial)))
    shape = _Shape(height, width, down, across, 3, 1, BORDERS.index(border), 1, 1)
    edge = 2 * (size // 2) * width if border == "sphere" else 2 * (width + height - 2)
    strips = _Strips(-(-edge // _LANES), _STRIP)
    blocks = count * (strips.edge_blocks + down * across)
    _start(f"marching_backward_{TYPES[spatial.dtype]}_{size}", blocks, (_LANES, 1), order, [shape, strips])


def _start(name: str, blocks: int, threads: tuple[int, int], tensors: list[Tensor], shapes: list[ctypes.Structure]) -> None:
    device = tensors[0].device.index
    stream = torch.cuda.current_stream(device).cuda_stream
    launch(name, device, stream, blocks, threads, [*(ctypes.c_void_p(t.data_ptr()) for t in tensors), *shapes])


def _vector(tensor: Tensor) -> int:
    """How many values a thread takes in one access."""
    return 8 // tensor.element_size()


def _aligned(tensors: list[Tensor], per_thread: int) -> bool:
    """One access does for a thread's pixels: every row of every tensor begins on its boundary."""
    wide = per_thread * tensors[0].element_size()
    return tensors[0].shape[-1] % per_thread == 0 and all(t.data_ptr() % wide == 0 for t in tensors)


def _size(spatial: Tensor) -> int:
    return round(spatial.shape[1] ** 0.5)


def forward(source: Tensor, spatial: Tensor, channel: Tensor, border: str, dilation: int) -> Tensor:
    """As `reference.forward`, of CUDA tensors of one of TYPES."""
    out = torch.empty_like(channel, memory_format=torch.contiguous_format)
    if out.numel():
        source, spatial, channel = (t.contiguous() for t in (source, spatial, channel))
        name = f"forward_{TYPES[source.dtype]}_{_size(spatial)}"
        if dilation == 1:
            name = f"staged_{name}_{3 if channel.shape[1] == 3 else 1}"
        inner, per_thread = [spatial, channel, out], _vector(source)
        _launch(name, inner, [source], [source, *inner], out, per_thread, dilation, border)
    return out


def backward(
    grad: Tensor, source: Tensor, spatial: Tensor, channel: Tensor, border: str, dilation: int
) -> tuple[Tensor, Tensor, Tensor]:
    """As `reference.backward`, of CUDA tensors of one of TYPES."""
    one, two, three = (torch.empty_like(t, memory_format=torch.contiguous_format) for t in (source, spatial, channel))
    if grad.numel():
        grad, source, spatial, channel = (t.contiguous() for t in (grad, source, spatial, channel))
        size, order = _size(spatial), [grad, source, spatial, channel, one, two, three]
        inner, outer, per_thread = [grad, spatial, channel, two, three], [source, one], _vector(source)
        staged = dilation == 1 and channel.shape[1] == 3 and min(grad.shape[-2:]) >= _SMALLEST_STAGED
        name = f"backward_{TYPES[source.dtype]}_{size}"
        if staged and size in _MARCHING and border != "valid" and _aligned([*inner, *outer], per_thread):
            _march(order, border)
        elif staged:
            _launch(f"staged_{name}_{int(border == 'valid')}", inner, outer, order, one, per_thread, dilation, border)
        else:
            _launch(name, inner, outer, order, one, 1, dilation, border)
    return one, two, three
