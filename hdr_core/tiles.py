"""Tiles of a picture, and what lies around them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from .network.padding import flat_index, sphere_index


def tiles(height: int, width: int, side: tuple[int, int]) -> Iterator[tuple[range, range]]:
    """The rows and columns of each tile of a picture, `side` (rows, columns) large; the last may be smaller."""
    for y in range(0, height, side[0]):
        for x in range(0, width, side[1]):
            yield range(y, min(y + side[0], height)), range(x, min(x + side[1], width))


def read_tile(pixels: Tensor, y: range, x: range, halo: int, *, panorama: bool) -> Tensor:
    """The pixels (C, h + 2 halo, w + 2 halo) of the rows `y` and columns `x` of a picture (C, H, W), and `halo` around them.

    Beyond the edge a panorama wraps and crosses the poles, once at most; a picture repeats its edge, or within `tiling` itself.
    """
    height, width = pixels.shape[-2:]
    rows, columns = (torch.arange(r.start - halo, r.stop + halo, device=pixels.device) for r in (y, x))
    if not panorama:
        return pixels.index_select(1, flat_index(rows, height)).index_select(2, flat_index(columns, width))
    inside, straight, turned = sphere_index(rows, columns, height, width)
    above, below = max(0, halo - y.start), max(0, y.stop + halo - height)
    middle = len(inside) - above - below
    parts = []
    for some, column in zip(inside.split([above, middle, below]), (turned, straight, turned), strict=True):
        if len(some):
            parts.append(pixels.index_select(1, some).index_select(2, column))
    return torch.cat(parts, 1) if len(parts) > 1 else parts[0]
