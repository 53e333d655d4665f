"""The rest of the sphere: what a photo does not show is filled in, softly, in the colours and the light that it does show.

Near the photo its own border goes on, evened out with the distance; far from it the light is what is usual for its elevation.
All in the logarithm of light, so that a lamp at the border does not shine across the sky.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .network.padding import pad
from .sphere_patch import pixel_directions, row_areas
from .sphere_prior import usual_light

COARSE = 64  # rows of the map on which the light is spread out
WIDEST_FILL = 4096  # the fill is soft: a wider map's is made this wide, and enlarged
_REACH = 1.0  # radians from the photo after which the usual light is 1 - 1/e of the fill
_LEVEL = 4.0  # around the horizon the world changes less than from ground to sky
_STEPS = 600
_BORDER = 4  # pixels: how much of the photo's border goes on into the fill
_BRIGHTER = 0.3  # log: a mean over scenes, of which a few have their sun out of sight, is brighter than most of them
_DARK = 1e-4


def complete(pixels: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Fill in what the photo leaves out.

    pixels: (H, 2H, 3) float32 linear light; covered: (H, 2H) in [0, 1], how much of each pixel the photo shows. H is even.
    Returns (H, 2H, 3) float32, whose pixels are the photo's own where it covers them.
    """
    factor = math.ceil(pixels.shape[1] / WIDEST_FILL)
    if pixels.shape[0] % factor:
        factor = 1
    known, weight = torch.from_numpy(covered)[None, None], torch.from_numpy(pixels).permute(2, 0, 1)[None]
    small, share = _pooled(weight, known, factor)
    coarse = _spread(small, share)
    fill = _log(small)
    smooth = _enlarged(coarse.log(), share.shape[-2:])
    border = share * (1 - _eroded((share > 0.99).float(), _BORDER)) * (share > 0.99)
    difference = _push_pull((fill - smooth) * border, border)
    filled = _enlarged((smooth + difference).exp(), known.shape[-2:])[0].permute(1, 2, 0).numpy()
    return filled + (pixels - filled) * covered[..., None]


def _log(light: Tensor) -> Tensor:
    return light.clamp(min=_DARK).log()


def _pooled(light: Tensor, known: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """Light and share known, `factor` times smaller."""
    share = functional.avg_pool2d(known, factor)
    return functional.avg_pool2d(light * known, factor) / share.clamp(min=1e-6), share


def _spread(light: Tensor, share: Tensor) -> Tensor:
    """The light of the whole sphere on a coarse map: (1, 3, COARSE, 2 COARSE)."""
    rows = min(COARSE, share.shape[-2])
    area = torch.from_numpy(row_areas(*share.shape[-2:])).float()[:, None]
    known = functional.adaptive_avg_pool2d(share * area, (rows, 2 * rows))
    summed = functional.adaptive_avg_pool2d(light * share * area, (rows, 2 * rows))
    mean = (summed / known.clamp(min=1e-12))[0].permute(1, 2, 0).numpy()
    weight = known[0, 0].numpy()
    fixed = weight > 0.5 * functional.adaptive_avg_pool2d(area.expand(share.shape[-2:])[None, None], (rows, 1))[0, 0].numpy()
    if not fixed.any():  # a photo smaller than a cell
        fixed = weight == weight.max()
    usual = usual_light(mean, weight) * np.exp(_BRIGHTER)
    near = np.exp(-_distance(fixed) / _REACH)[..., None]
    even = harmonic(np.log(np.maximum(mean, _DARK)), fixed, _LEVEL)
    log = np.where(fixed[..., None], even, near * even + (1 - near) * np.log(np.maximum(usual, _DARK))[:, None])
    return torch.from_numpy(np.exp(log)).float().permute(2, 0, 1)[None]


def _distance(fixed: np.ndarray) -> np.ndarray:
    """Radians from each pixel to the nearest that is fixed."""
    height, width = fixed.shape
    directions = pixel_directions(height, width, np.arange(height), np.arange(width))
    rim = fixed & ~(np.roll(fixed, 1, 1) & np.roll(fixed, -1, 1) & _shifted(fixed, 1) & _shifted(fixed, -1))
    places = directions[rim if rim.any() else fixed]
    nearest = np.stack([(row @ places.T).max(-1) for row in directions])
    return np.where(fixed, 0.0, np.arccos(nearest.clip(-1, 1)))


def _shifted(values: np.ndarray, by: int) -> np.ndarray:
    """Each row takes its neighbour's; beyond a pole lies the same row, half around."""
    turned = np.roll(values, values.shape[1] // 2, 1)
    return np.concatenate([turned[:1], values[:-1]]) if by > 0 else np.concatenate([values[1:], turned[-1:]])


def harmonic(values: np.ndarray, fixed: np.ndarray, level: float = 1.0) -> np.ndarray:
    """The smoothest values on the sphere that are as given where fixed: (h, 2h, C), by relaxation.

    level: how much more it matters to be smooth along a row than across: what is high stays high, and what is low stays low.
    """
    height, width = fixed.shape
    middle = np.sin((np.arange(height) + 0.5) / height * np.pi)[:, None, None]
    edge = np.sin(np.arange(height + 1) / height * np.pi)[:, None, None]
    aside = level * (width / (2 * height)) ** 2 / middle**2
    above, below = edge[:-1] / middle, edge[1:] / middle
    total = 2 * aside + above + below
    rim = fixed & ~(np.roll(fixed, 1, 1) & np.roll(fixed, -1, 1) & _shifted(fixed, 1) & _shifted(fixed, -1))
    free = ~fixed
    smooth = np.where(fixed[..., None], values, values[rim if rim.any() else fixed].mean(0))
    for _ in range(_STEPS):
        around = aside * (np.roll(smooth, 1, 1) + np.roll(smooth, -1, 1))
        mean = (around + above * _shifted(smooth, 1) + below * _shifted(smooth, -1)) / total
        smooth[free] = mean[free]
    return smooth


def _eroded(mask: Tensor, radius: int) -> Tensor:
    grown = pad(1 - mask, radius, panorama=True)
    return 1 - functional.max_pool2d(grown, 2 * radius + 1, 1)


def _push_pull(values: Tensor, weight: Tensor) -> Tensor:
    """`values`, (1, C, h, 2h), already multiplied by `weight`, (1, 1, h, 2h): spread over all, the coarser the farther."""
    height = weight.shape[-2]
    if height % 2 or height <= 4:
        return (values.sum((-2, -1), keepdim=True) / weight.sum().clamp(min=1e-6)).expand_as(values)
    low = _push_pull(functional.avg_pool2d(values, 2) * 4, functional.avg_pool2d(weight, 2) * 4)
    known = weight.clamp(max=1)
    return _enlarged(low, weight.shape[-2:]) * (1 - known) + values / weight.clamp(min=1e-6) * known


def _enlarged(low: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    """Bilinearly, with no seam at the wrap or a pole."""
    factor = size[0] // low.shape[-2]
    if factor <= 1 and tuple(low.shape[-2:]) == tuple(size):
        return low
    if factor * low.shape[-2] == size[0]:
        up = functional.interpolate(pad(low, 1, panorama=True), scale_factor=factor, mode="bilinear", align_corners=False)
        return up[..., factor:-factor, factor:-factor]
    wide = pad(low, 2, panorama=True)
    scale = size[0] / low.shape[-2]
    ends = zip(size, low.shape[-2:], strict=True)
    y, x = (((torch.arange(length) + 0.5) / scale + 2) / (side + 4) * 2 - 1 for length, side in ends)
    grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)[None]
    return functional.grid_sample(wide, grid, mode="bilinear", padding_mode="border", align_corners=False)
