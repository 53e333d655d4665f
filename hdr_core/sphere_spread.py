"""The photo's own light spread over the sphere: near the photo its border goes on, the smoother, the farther; far from it the
light is what is usual for its elevation. All in the logarithm of light.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .sphere_patch import pixel_directions, row_areas
from .sphere_prior import usual_light

COARSE = 64  # rows of the map on which the light is spread out
_REACH = 1.1  # radians from the photo after which the usual light is 1 - 1/e of the fill; it begins with no crease
_LEVEL = 4.0  # around the horizon the world changes less than from ground to sky
_STEPS = 600
_BRIGHTER = 0.3  # log: a mean over scenes, of which a few have their sun out of sight, is brighter than most of them
_DARK = 1e-4


def spread_light(light: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """light: (1, 3, h, 2h) linear, around 0.2; share: (1, 1, h, 2h) in [0, 1], how much of each pixel the photo shows.

    Returns the light of the whole sphere, (1, 3, COARSE, 2 COARSE), or less where h is less; above 0; and how far each cell is
    from the photo, (1, 1, ...), radians.
    """
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
    distance = _distance(fixed)
    near = np.exp(-np.square(distance / _REACH))[..., None]
    even = harmonic(np.log(np.maximum(mean, _DARK)), fixed, _LEVEL)
    log = np.where(fixed[..., None], even, near * even + (1 - near) * np.log(np.maximum(usual, _DARK))[:, None])
    return torch.from_numpy(np.exp(log)).float().permute(2, 0, 1)[None], torch.from_numpy(distance).float()[None, None]


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
