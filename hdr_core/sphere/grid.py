"""Maps of a whole sphere, (1, C, h, 2h), as something that can be looked up anywhere: no seam at the wrap or a pole."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from ..network.padding import double, pad
from .patch import row_areas

_EDGE = 2  # pixels


def enlarged(low: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    """`low` with `size` (h, w) pixels, bilinearly."""
    factor = size[0] // low.shape[-2]
    if factor <= 1 and tuple(low.shape[-2:]) == tuple(size):
        return low
    if factor * low.shape[-2] == size[0]:
        up = functional.interpolate(pad(low, 1, panorama=True), scale_factor=factor, mode="bilinear", align_corners=False)
        return up[..., factor:-factor, factor:-factor]
    ends = zip(size, low.shape[-2:], strict=True)
    y, x = ((torch.arange(length, device=low.device) + 0.5) * (side / length) for length, side in ends)
    return looked_up(low, *torch.meshgrid(y, x, indexing="ij"))


def soft(coarse: Tensor, rows: int) -> Tensor:
    """`coarse` with so many rows, without the creases that a bilinear enlargement shows in mirrors."""
    while 2 * coarse.shape[-2] <= rows:
        coarse = double(coarse, panorama=True)
    return enlarged(coarse, (rows, 2 * rows))


def looked_up(low: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Bilinear, (1, C, *places); y, x: (a, b) or (n,), pixels from the upper left corner, within the map."""
    size = x.new_tensor([low.shape[-1], low.shape[-2]])
    grid = (torch.stack([x, y], -1) + _EDGE) / (size + 2 * _EDGE) * 2 - 1
    flat = grid.reshape(1, 1, -1, 2)
    found = functional.grid_sample(
        pad(low, _EDGE, panorama=True), flat, mode="bilinear", padding_mode="border", align_corners=False
    )
    return found.reshape(*low.shape[:2], *x.shape)


def areas_like(x: Tensor) -> Tensor:
    """(h, 1), steradians of one pixel of each row of a map, (..., h, 2h)."""
    return torch.from_numpy(row_areas(*x.shape[-2:])).float().to(x.device)[:, None]


def between(x: Tensor, none: float, whole: float) -> Tensor:
    """0 where x is `none`, 1 where it is `whole`, smoothly between, and level beyond: the smoothstep."""
    t = ((x - none) / (whole - none)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def directions_at(y: Tensor, x: Tensor, rows: int) -> Tensor:
    """(n, 3) unit vectors of places in a map, given as in `looked_up`."""
    latitude, azimuth = math.pi * (0.5 - y / rows), math.pi * (1 - x / rows)
    flat = latitude.cos()
    return torch.stack([flat * azimuth.cos(), flat * azimuth.sin(), latitude.sin()], -1)


def places_of(directions: Tensor, rows: int) -> tuple[Tensor, Tensor]:
    """The way back: y and x, (n,), of (n, 3) unit vectors."""
    latitude = directions[:, 2].clamp(-1, 1).asin()
    azimuth = torch.atan2(directions[:, 1], directions[:, 0])
    return (0.5 - latitude / math.pi) * rows, (1 - azimuth / math.pi) * rows
