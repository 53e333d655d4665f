"""What the network sees of a photo as a whole: the photo at working resolution, and crops at its own resolution.

The heavy part of the network runs at a working resolution that does not depend on the photo's size, so the light that it
restores does not either.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .blocks import BLOCK
from .curve import srgb_decode
from .soft_mask import soft_mask

WORKING_AREA = 512 * 256
STEP = 16  # sides of the working resolution are multiples of this: the backbone halves four times
CROP = 48
CROP_ROWS, CROP_COLUMNS = 4, 8
HALVED_FROM = 2048  # pixels along the longer side: larger photos are smoother from pixel to pixel than those of training


@dataclass(frozen=True)
class View:
    """pooled: (N, 11, h, w), see `features`; crops: (N, 32, 3, 48, 48) code values; panorama: it is a whole sphere;
    halved: as crops, of a large photo made half as large, else None.
    """

    pooled: Tensor
    crops: Tensor
    panorama: bool
    halved: Tensor | None = None


def working_size(height: int, width: int) -> tuple[int, int]:
    """The working resolution (h, w) of a photo: about WORKING_AREA pixels of the photo's aspect, 256 x 512 for 2:1."""
    h = (WORKING_AREA * height / width) ** 0.5
    w = WORKING_AREA / h
    return tuple(int(min(max(round(side / STEP), 2), 128)) * STEP for side in (h, w))  # type: ignore[return-value]


def features(code: Tensor) -> Tensor:
    """(N, 3, H, W) code values to what is averaged into the view, (N, 10, H, W): code, linear, soft mask."""
    return torch.cat([code, srgb_decode(code), soft_mask(code)], 1)


def pool(code: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, 3, H, W) code values to (N, 11, h, w): area averages of `features`, and the largest over-exposure of the area."""
    full = features(code)
    largest = functional.adaptive_max_pool2d(full[:, 6:9].amax(1, keepdim=True), size)
    return torch.cat([functional.adaptive_avg_pool2d(full, size), largest], 1)


def crop_corners(height: int, width: int) -> list[tuple[int, int]]:
    """The upper left corners (y, x) of the crops, spread evenly, on JPEG's grid: its blocks then lie alike in all of them."""

    def starts(count: int, side: int) -> list[int]:
        return [int((i + 0.5) / count * max(side - CROP, 0)) // BLOCK * BLOCK for i in range(count)]

    return [(y, x) for y in starts(CROP_ROWS, height) for x in starts(CROP_COLUMNS, width)]


def crop_to_size(part: Tensor) -> Tensor:
    """A crop (N, 3, h, w) of a picture smaller than CROP, its edge repeated to (N, 3, CROP, CROP)."""
    short = (0, CROP - part.shape[-1], 0, CROP - part.shape[-2])
    return functional.pad(part, short, mode="replicate") if any(short) else part


def crop(code: Tensor) -> Tensor:
    """(N, 3, H, W) code values to (N, 32, 3, CROP, CROP)."""
    corners = crop_corners(*code.shape[-2:])
    return torch.stack([crop_to_size(code[..., y : y + CROP, x : x + CROP]) for y, x in corners], 1)


def halved_corners(height: int, width: int) -> list[tuple[int, int]]:
    """The upper left corners of what `halve` makes the crops of the halved photo of, 2 CROP a side; none of a smaller photo."""
    if max(height, width) <= HALVED_FROM or min(height, width) < 2 * CROP:
        return []
    return [(2 * y, 2 * x) for y, x in crop_corners(height // 2, width // 2)]


def halve(part: Tensor) -> Tensor:
    """(N, 3, 2 CROP, 2 CROP) code values to (N, 3, CROP, CROP), as an image editor makes a photo smaller: in eight bits."""
    return functional.avg_pool2d((255 * part).round(), 2).round() / 255


def look(code: Tensor, *, panorama: bool) -> View:
    """The view of photos that are in memory as a whole, (N, 3, H, W) code values in [0, 1]."""
    halved = [halve(code[..., y : y + 2 * CROP, x : x + 2 * CROP]) for y, x in halved_corners(*code.shape[-2:])]
    pooled = pool(code, working_size(*code.shape[-2:]))
    return View(pooled, crop(code), panorama, torch.stack(halved, 1) if halved else None)
