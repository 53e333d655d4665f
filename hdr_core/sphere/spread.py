"""The photo's own light spread over the sphere: what sets it apart from what is usual for its elevations goes on around it.

So sky goes on as sky and ground as ground, at the photo's own level and colour, and sideways much farther than up and down: at
one elevation the world changes little. What its rows show in the mean, such as a horizon, goes on without a blur. Far from
the photo half of all that is kept. All in the logarithm of light.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .grid import areas_like
from .patch import pixel_directions, row_areas
from .prior import usual_light

COARSE = 64  # rows of the map on which the light is spread out
_REACH = 1.1  # radians from the photo after which what sets it apart has faded by 1 - 1/e; it begins to with no crease
_KEPT = 0.5  # of what sets the photo apart, far from it
_LEVEL = 4.0  # so many times farther than it is counts what lies at another elevation
_FINE, _WIDE = 1.2, 4.0  # cells: a line along a row is what a mean over so many rows shows and one over more does not
_SOFT = 0.05  # radians: what is nearer than this is not told apart
_BRIGHTER = 0.3  # log: a mean over scenes, of which a few have their sun out of sight, is brighter than most of them
_DARK = 1e-4


def spread_light(light: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """light: (1, 3, h, 2h) linear, around 0.2; share: (1, 1, h, 2h) in [0, 1], how much of each pixel the photo shows.

    Returns the light of the whole sphere, (1, 3, COARSE, 2 COARSE), or less where h is less; above 0; and how far each cell is
    from the photo, (1, 1, ...), radians.
    """
    rows = min(COARSE, share.shape[-2])
    area = areas_like(share)
    known = functional.adaptive_avg_pool2d(share * area, (rows, 2 * rows)).cpu()
    summed = functional.adaptive_avg_pool2d(light * share * area, (rows, 2 * rows)).cpu()
    mean = (summed / known.clamp(min=1e-12))[0].permute(1, 2, 0).numpy()
    weight = known[0, 0].numpy()
    whole = functional.adaptive_avg_pool2d(area.expand(share.shape[-2:])[None, None], (rows, 1))[0, 0]
    fixed = weight > 0.5 * whole.cpu().numpy()
    if not fixed.any():  # a photo smaller than a cell
        fixed = weight == weight.max()
    usual = np.log(np.maximum(usual_light(mean, weight), _DARK))[:, None]
    log = np.log(np.maximum(mean, _DARK))
    apart = log - usual
    lines = _lines(apart, weight * fixed)
    carried, distance = _carried((apart - lines)[fixed], fixed)
    apart = carried + lines
    near = np.exp(-np.square(distance / _REACH))[..., None]
    log = np.where(fixed[..., None], log, usual + apart * (_KEPT + (1 - _KEPT) * near) + _BRIGHTER * (1 - near))
    told = torch.from_numpy(np.exp(log)).permute(2, 0, 1)[None], torch.from_numpy(distance)[None, None]
    return told[0].float().to(share.device), told[1].float().to(share.device)


def _lines(apart: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(h, 1, C): how the rows of `apart`, (h, w, C), differ from those around them where they have a weight, else 0."""
    row, shown = np.arange(len(weight)), weight.sum(1)
    mean = (apart * weight[..., None]).sum(1) / np.maximum(shown, 1e-12)[:, None]

    def smooth(rows: float) -> np.ndarray:
        near = np.exp(-np.square((row[:, None] - row) / rows)) * shown
        return near @ mean / np.maximum(near.sum(1, keepdims=True), 1e-30)

    first, last = np.flatnonzero(shown)[[0, -1]]
    inside = (np.minimum(row - first, last - row) / _WIDE).clip(0, 1)[:, None]  # at the photo's ends there is no row around
    return ((smooth(_FINE) - smooth(_WIDE)) * inside)[:, None]


def _carried(values: np.ndarray, fixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`values`, (n, C), of the fixed cells: of each cell their mean, the nearer the more; and radians to the nearest.

    Weights fall as the fourth power of the distance, so that the nearest count most next to the photo, and all alike far away.
    """
    height, width = fixed.shape
    directions = pixel_directions(height, width, np.arange(height), np.arange(width)).astype(np.float32)
    elevation = np.pi * (0.5 - (np.arange(height, dtype=np.float32) + 0.5) / height)
    places, at = directions[fixed], elevation[np.nonzero(fixed)[0]]
    area = row_areas(height, width).astype(np.float32)[np.nonzero(fixed)[0]]
    carried, distance = np.empty((height, width, values.shape[1])), np.zeros((height, width))
    for row in range(height):
        apart = np.maximum(2 - 2 * directions[row] @ places.T, 0)
        weight = area / np.square(apart + np.square(_LEVEL * (elevation[row] - at)) + _SOFT**2)
        carried[row] = weight @ values / weight.sum(1, keepdims=True)
        distance[row] = 2 * np.arcsin(np.minimum(1, np.sqrt(apart.min(1)) / 2))
    return carried, np.where(fixed, 0.0, distance)
