"""A map of EV: every stop has a colour of its own, the same in every picture. numpy only."""

from __future__ import annotations

import numpy as np

from .light import luminance
from .text import draw_text, line_height

LOWEST, HIGHEST = -8, 16
"""The bands: one for what is darker than LOWEST, one for each stop, and one for what is brighter than HIGHEST."""
ROUNDING = 1e-4
"""EV by which white may be missed and still is white."""

# What a photo can show is cool and dark, what lies above its white is warm and bright: lightness rises all the way, so that the
# order is seen without the legend, and the jump in hue at 0 EV is where the light had to be restored. (EV, Oklab L, a, b)
_ANCHORS = np.array(
    [
        (-9.0, 0.17, 0.010, -0.050),
        (-6.0, 0.26, 0.000, -0.100),
        (-3.0, 0.38, -0.045, -0.060),
        (-0.5, 0.54, -0.080, 0.010),
        (-0.01, 0.54, -0.080, 0.010),
        (0.0, 0.56, 0.160, 0.000),
        (4.0, 0.66, 0.160, 0.100),
        (8.0, 0.78, 0.060, 0.150),
        (12.0, 0.90, -0.020, 0.150),
        (16.5, 0.99, 0.000, 0.020),
    ]
)
_OKLAB_TO_LMS = np.array([[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.291485548]])
_LMS_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.707614701],
    ]
)


def _colours() -> np.ndarray:
    from ..colour import srgb_encode

    middles = np.arange(LOWEST - 0.5, HIGHEST + 1)
    oklab = np.stack([np.interp(middles, _ANCHORS[:, 0], _ANCHORS[:, part]) for part in (1, 2, 3)], axis=-1)
    linear = (oklab @ _OKLAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T
    return np.rint(srgb_encode(np.clip(linear, 0, 1)) * 255).astype(np.uint8)


BAND_COLOURS = _colours()
"""(HIGHEST - LOWEST + 2, 3) uint8: the colours of the bands, the darkest first."""


def ev_band(brightness: np.ndarray) -> np.ndarray:
    """The number of the band of each luminance, white = 1: 0 up to 2^LOWEST and for zero; white is not above 0 EV."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ev = np.log2(np.maximum(brightness, 0))
    return np.clip(np.ceil(ev - ROUNDING) - LOWEST, 0, len(BAND_COLOURS) - 1).astype(np.intp)


def false_colour(radiance: np.ndarray) -> np.ndarray:
    """The EV of each pixel's luminance, relative to the photo's white, as a colour: (H, W, 3) linear to (H, W, 3) uint8."""
    return BAND_COLOURS[ev_band(luminance(radiance))]


def draw_legend(canvas: np.ndarray, x: int, y: int, width: int) -> int:
    """Draw the bands with their stops into `canvas`, (H, W, 3) uint8, from (x, y) on; returns how many rows it took."""
    height = 16
    edges = np.rint(np.linspace(0, width, len(BAND_COLOURS) + 1)).astype(int)
    for colour, left, right in zip(BAND_COLOURS, edges, edges[1:], strict=False):
        canvas[y : y + height, x + left : x + right] = colour
    for stop in range(LOWEST, HIGHEST + 1, 2 if width > 600 else 4):
        at = x + edges[stop - LOWEST + 1]
        canvas[y : y + height + 4, at : at + 1] = 220
        label = "white" if stop == 0 else f"{stop:+d}"
        draw_text(canvas, at, y + height + 4, label, align="centre", colour=(255, 255, 255) if stop == 0 else (170, 170, 170))
    draw_text(canvas, x + width, y + height + 4, "EV", align="right", colour=(170, 170, 170))
    return height + 4 + line_height(14)
