"""How light usually lies around a photo: by elevation, from what the photo shows at its top, at its bottom and in the mean.

The table was fitted to real panoramas by `benchmarks/sphere_prior.py`, which says how to make it again.
"""

from __future__ import annotations

import numpy as np

from ..sun import LUMINANCE

PRIOR_ROWS = 8
WEIGHTS = np.array(
    [
        (1.21, 0.60, 0.03),
        (1.13, 0.71, 0.55),
        (0.75, 0.60, 0.92),
        (-0.10, 0.30, 0.96),
        (-0.05, 0.82, 0.09),
        (0.16, 1.04, -0.03),
        (0.25, 1.17, -0.10),
        (0.33, 1.21, -0.14),
    ]
)
"""(8, 3), from the zenith to the nadir: log luminance beside the photo's mean is this times (top - mean, bottom - mean, 1)."""

_SUNNY = 2.0  # what is brighter than so many times the 95th percentile counts as that: a sun in the picture is not its sky
_QUARTER = 0.25
_HORIZON = 0.25  # radians: how softly the colour of what is above goes over into that of what is below
_DARK = 1e-4


def features(light: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The photo's mean light, that of its uppermost and of its lowest quarter, each (3,).

    light: (h, 2h, 3) linear; weight: (h, 2h), solid angle that the photo covers.
    """
    shine = light @ np.array(LUMINANCE, np.float32)
    limit = _SUNNY * np.quantile(shine[weight > 0], 0.95)
    capped = light * np.minimum(1, limit / np.maximum(shine, _DARK))[..., None]
    rows = np.flatnonzero(weight.sum(1) > 0)
    part = max(1, round(len(rows) * _QUARTER))

    def mean(where: np.ndarray) -> np.ndarray:
        share = weight[where]
        return np.maximum((capped[where] * share[..., None]).sum((0, 1)) / share.sum(), _DARK)

    return mean(rows), mean(rows[:part]), mean(rows[-part:])


def usual_light(light: np.ndarray, weight: np.ndarray, weights: np.ndarray = WEIGHTS) -> np.ndarray:
    """Of each row of the map, what is usual there: (h, 3) linear. Arguments as of `features`."""
    mean, top, bottom = features(light, weight)
    luminance = [float(colour @ np.array(LUMINANCE)) for colour in (mean, top, bottom)]
    given = np.array([np.log(luminance[1] / luminance[0]), np.log(luminance[2] / luminance[0]), 1.0])
    elevation = np.pi * (0.5 - (np.arange(len(light)) + 0.5) / len(light))
    knots = np.pi * (0.5 - (np.arange(PRIOR_ROWS) + 0.5) / PRIOR_ROWS)
    log = np.interp(-elevation, -knots, weights @ given)
    above = (1 / (1 + np.exp(-elevation / _HORIZON)))[:, None]
    colour = above * top / luminance[1] + (1 - above) * bottom / luminance[2]
    return (luminance[0] * np.exp(log)[:, None] * colour).astype(np.float32)
