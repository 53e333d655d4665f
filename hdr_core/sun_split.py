"""Takes the sun out of a panorama: what is left is smooth, and what is taken is known exactly. numpy only."""

from __future__ import annotations

import math

import numpy as np

from .sphere.patch import Patch, cut_patch
from .sun import Sun


def without_sun(radiance: np.ndarray, sun: Sun) -> np.ndarray:
    """A copy of the panorama, (H, W, 3) float32, in which `sun` is filled from around it.

    The light that this removes is `sun.irradiance`, if `find_sun` found it in the same panorama. No pixel gets brighter.
    """
    patch, glow = sun_glow(radiance, np.array(sun.direction), math.radians(sun.reach))
    left = radiance.copy()
    left[np.ix_(patch.rows, patch.columns)] -= glow
    return left


def sun_glow(radiance: np.ndarray, centre: np.ndarray, reach: float) -> tuple[Patch, np.ndarray]:
    """What a source adds to its surroundings: a patch, and (h, w, 3) radiance above the fill, never negative.

    centre: (3,) unit vector; reach: radians. The fill is a plane through the radiance around the source, so that a sky which
    darkens away from the horizon goes on doing so; it fades in over a margin beyond `reach`.
    """
    height, width = radiance.shape[:2]
    pixel = math.pi / height
    edge = 1.3 * reach + pixel
    patch = cut_patch(height, width, centre, edge + max(reach, 2 * pixel))
    pixels = patch.of(radiance)
    ring = (patch.angle >= edge) & (patch.angle <= edge + max(reach, 2 * pixel))
    around_it = patch.around()
    plane = np.stack([np.ones_like(patch.angle), patch.angle * np.cos(around_it), patch.angle * np.sin(around_it)], -1)
    around, weight = pixels[ring].astype(np.float64), np.sqrt(patch.area[ring])[:, None]
    slopes, *_ = np.linalg.lstsq(plane[ring] * weight, around * weight, rcond=None)
    fill = (plane @ slopes).clip(around.min(0), around.max(0))
    fade = ((edge - patch.angle) / (edge - reach)).clip(0, 1)[..., None]
    return patch, (fade * (pixels - fill).clip(0)).astype(np.float32)
