"""Tiles of a picture, and what lies around them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from .network.padding import flat_index, sphere_index


def tiles(height: int, width: int, side: int) -> Iterator[tuple[range, range]]:
    """The rows and columns of each tile of a picture; those at its lower and right edge may be smaller."""
    for y in range(0, height, side):
        for x in range(0, width, side):
            yield range(y, min(y + side, height)), range(x, min(x + side, width))


def around(tile: range, halo: int) -> torch.Tensor:
    """The indices of a tile's rows or columns, with `halo` more at each end."""
    return torch.arange(tile.start - halo, tile.stop + halo)


def read_tile(pixels: np.ndarray, rows: torch.Tensor, columns: torch.Tensor, *, panorama: bool) -> np.ndarray:
    """The pixels (h, w, C) of `rows` (h,) and `columns` (w,) of a picture (H, W, C).

    Beyond the edge a panorama wraps and crosses the poles, once at most; a picture repeats its edge, or within `tiling` itself.
    """
    height, width = pixels.shape[:2]
    if panorama:
        inside, straight, turned = sphere_index(rows, columns, height, width)
        beyond = ((rows < 0) | (rows >= height))[:, None]
        return pixels[inside.clamp(0, height - 1)[:, None].numpy(), torch.where(beyond, turned, straight).numpy()]
    return pixels[flat_index(rows, height).numpy()][:, flat_index(columns, width).numpy()]
