"""What lies beyond the edge of a picture: a sphere wraps in longitude and crosses poles, a flat picture repeats its edge.

A texture that tiles is a flat picture with its own other side beyond the edge: see `tiling`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn
from torch.nn import functional

_tiling: ContextVar[bool] = ContextVar("tiling", default=False)


@contextmanager
def tiling() -> Iterator[None]:
    """Within, flat pictures go on beyond each edge with their other side, as a texture does that is repeated."""
    before = _tiling.set(True)
    try:
        yield
    finally:
        _tiling.reset(before)


def is_tiling() -> bool:
    """Whether flat pictures tile: then no row of them is above another."""
    return _tiling.get()


def flat_index(index: Tensor, length: int) -> Tensor:
    """Where rows or columns beyond the edge of a flat picture, `length` pixels long, lie inside it."""
    return index % length if _tiling.get() else index.clamp(0, length - 1)


def wrapped(x: Tensor, radius: int) -> Tensor | None:
    """(..., H, W) to (..., H + 2 radius, W + 2 radius) its other side beyond each edge; None where pictures do not tile."""
    if not _tiling.get():
        return None
    for axis in (-2, -1):
        length = x.shape[axis]
        x = x.index_select(axis, torch.arange(-radius, length + radius, device=x.device) % length)
    return x


def sphere_index(rows: Tensor, columns: Tensor, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Where rows and columns beyond the edge of an equirectangular picture lie inside it.

    Crossing a pole mirrors the row and turns by half the width. Returns (row (h,), column (w,), column beyond a pole (w,));
    rows that crossed one pole, and not the other as well, take the last.
    """
    row = rows % (2 * height)
    row = torch.where(row >= height, 2 * height - 1 - row, row)
    return row, columns % width, (columns + width // 2) % width


def pad(x: Tensor, radius: int, *, panorama: bool) -> Tensor:
    """(..., H, W) to (..., H + 2 radius, W + 2 radius). `radius` at most H, and for a panorama at most W."""
    if radius == 0:
        return x
    if not panorama:
        around = wrapped(x, radius)
        return functional.pad(x, (radius,) * 4, mode="replicate") if around is None else around
    turned = x.roll(-(x.shape[-1] // 2), -1)
    north, south = turned[..., :radius, :].flip(-2), turned[..., -radius:, :].flip(-2)
    x = torch.cat([north, x, south], -2)
    return torch.cat([x[..., -radius:], x, x[..., :radius]], -1)


class Conv(nn.Conv2d):
    """A convolution that keeps the size (divided by its stride) and knows what lies beyond the edge."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, *, stride: int = 1) -> None:
        super().__init__(inputs, outputs, size, stride=stride)

    def forward(self, x: Tensor, *, panorama: bool) -> Tensor:  # type: ignore[override]
        return super().forward(pad(x, self.kernel_size[0] // 2, panorama=panorama))


def double(x: Tensor, *, panorama: bool) -> Tensor:
    """Bilinear upsampling by two, (N, C, H, W) to (N, C, 2 H, 2 W), without a seam at the wrap or a pole."""
    up = functional.interpolate(pad(x, 1, panorama=panorama), scale_factor=2, mode="bilinear", align_corners=False)
    return up[..., 2:-2, 2:-2]


def grid_around(low: Tensor, size: tuple[int, int], *, panorama: bool) -> tuple[Tensor, int, tuple[float, float]]:
    """`low` (N, C, h, w) with what lies around it, ready to be sampled at the pixels of a picture of `size` (H, W).

    Returns (N, C, h + 2 margin, w + 2 margin), the margin, and how many cells a pixel is high and wide.
    """
    smaller = (min(low.shape[-2], size[0]), min(low.shape[-1], size[1]))
    if smaller != low.shape[-2:]:  # a lamp between two pixels of a small picture must not get lost
        low = functional.adaptive_avg_pool2d(low, smaller)
    beyond = 4  # pixels of the large picture
    scales = low.shape[-2] / size[0], low.shape[-1] / size[1]
    margin = min(int(beyond * max(scales)) + 2, *low.shape[-2:])
    return pad(low, margin, panorama=panorama), margin, scales


def sample_grid(low: Tensor, rows: Tensor, columns: Tensor, size: tuple[int, int], *, panorama: bool) -> Tensor:
    """Bilinear values of `low` (N, C, h, w) at the pixel centres of a picture of `size` (H, W) that covers the same view.

    rows (y,), columns (x,): pixel indices in the large picture, up to a few pixels beyond its edge. Returns (N, C, y, x).
    """
    padded, margin, scales = grid_around(low, size, panorama=panorama)
    for axis, index, scale in ((-2, rows, scales[0]), (-1, columns, scales[1])):
        position = (index.to(low.dtype) + 0.5) * scale - 0.5 + margin
        position = position.clamp(0, padded.shape[axis] - 1)
        below = position.floor().clamp(max=padded.shape[axis] - 2)
        part = (position - below).view((-1, 1) if axis == -2 else (-1,))
        first = padded.index_select(axis, below.long())
        padded = first + (padded.index_select(axis, below.long() + 1) - first) * part
    return padded
