"""Tags of a panorama, from its light: outdoor or indoor, day or night, sun. numpy only.

Rules of thumb. Outdoors there is a sun, or a smooth top of the sphere that is bluer than white; at night that top is dark.
Under trees, in narrow streets and under an orange sky they err: then an outdoor panorama is called "indoor".
"""

from __future__ import annotations

import numpy as np

from ..sheet.light import luminance, row_weights, shrink_sphere

_SIZE = (32, 64)
_TOP, _SKY = 6, 10  # rows: 34 and 56 degrees around the zenith
_BLUE = 0.35  # stops that blue is above red
_ROUGH = 0.25  # stops from one cell of 6 degrees to the next, on the mean
_DARK = 0.12  # of the photo's white


def light_tags(radiance: np.ndarray, *, sun: bool) -> tuple[str, ...]:
    """Tags of an equirectangular panorama, (H, 2H, 3); sun: whether `find_sun` found one."""
    small = np.maximum(shrink_sphere(radiance, *_SIZE), 1e-6)
    top = _mean(np.log2(small[..., 2] / small[..., 0]), _TOP)
    bright = luminance(small)
    rough = float(np.abs(np.diff(np.log2(bright[: _SKY * len(bright) // _SIZE[0]]), axis=1)).mean())
    if not sun and not (top > _BLUE and rough < _ROUGH):
        return ("indoor",)
    if sun:
        return ("day", "outdoor", "sun")
    return ("night" if _mean(bright, _SKY) < _DARK else "day", "outdoor")


def _mean(values: np.ndarray, rows: int) -> float:
    """By solid angle, over the uppermost `rows` of _SIZE."""
    height = max(1, rows * len(values) // _SIZE[0])
    weights = row_weights(len(values), panorama=True)[:height]
    return float(weights @ values[:height].mean(1) / weights.sum())
