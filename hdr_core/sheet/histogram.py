"""How much of a picture lies at which EV, before and after. numpy only."""

from __future__ import annotations

import numpy as np

from .false_colour import ROUNDING
from .light import bands, luminance, photo_light, row_weights
from .text import Colour, draw_text

LOW, HIGH, STEP = -10.0, 16.0, 0.25
"""EV, white = 0: where the bins begin and end, and how wide they are. What lies outside counts in the outermost."""

BEFORE: Colour = (135, 150, 165)
AFTER: Colour = (255, 170, 60)
_GRID, FAINT, _ABOVE = (56, 56, 58), (130, 130, 130), (50, 38, 26)
_LEAST = -6.0  # log10 of the smallest share that is drawn: a sun covers 1e-5 of the sphere
_MOST = -0.3


def bins() -> np.ndarray:
    """The bins' edges in EV."""
    return np.arange(LOW, HIGH + STEP / 2, STEP)


def histogram(radiance: np.ndarray, *, panorama: bool) -> np.ndarray:
    """The share of the picture in each bin of luminance, (bins,) float64; they add up to 1.

    radiance: (H, W, 3) linear, or the code values of a photo, uint8 or uint16. A panorama is counted by solid angle.
    """
    counts = np.zeros(len(bins()) - 1)
    weights = row_weights(len(radiance), panorama=panorama)
    for rows, pixels in bands(radiance):
        light = photo_light(pixels) if pixels.dtype.kind == "u" else pixels
        ev = np.log2(np.maximum(luminance(light), np.float32(2.0**LOW)))
        at = np.clip(np.ceil((ev - ROUNDING - LOW) / STEP) - 1, 0, len(counts) - 1).astype(int)
        counts += np.bincount(at.ravel(), np.repeat(weights[rows], radiance.shape[1]), len(counts))
    return counts / counts.sum()


def draw_histogram(canvas: np.ndarray, x: int, y: int, width: int, height: int, before: np.ndarray, after: np.ndarray) -> None:
    """Draw two histograms over each other: before filled, after as an outline; what lies above white has a warm ground.

    The shares are logarithmic: a sun is a hundred-thousandth of the sphere, and the greater part of its light.
    """
    bottom = y + height - 20
    plot = canvas[y:bottom, x : x + width]
    rows = len(plot)
    white = round((0 - LOW) / (HIGH - LOW) * width)
    plot[:] = (28, 28, 30)
    plot[:, white:] = _ABOVE
    for decade in range(int(_LEAST) + 1, 0):
        at = int(rows - _rows(10.0**decade, rows))
        plot[at] = _GRID
        draw_text(plot, width - 4, at + 1, f"{100 * 10.0**decade:g}%", align="right", colour=(110, 110, 110))
    for stop in range(int(LOW) + 2, int(HIGH), 2):
        column = round((stop - LOW) / (HIGH - LOW) * width)
        plot[:, column] = np.maximum(plot[:, column], _GRID)
        draw_text(canvas, x + column, bottom + 3, f"{stop:+d}" if stop else "white", align="centre", colour=FAINT)
    draw_text(canvas, x + width, bottom + 3, "EV", align="right", colour=FAINT)
    columns = np.minimum(np.arange(width) * len(before) // width, len(before) - 1)
    below = rows - np.arange(rows)[:, None]
    filled = below <= _rows(before, rows)[columns]
    plot[filled] = np.array(BEFORE) * 2 // 3
    _outline(plot, rows - _rows(after, rows)[columns], AFTER)
    plot[:, white] = 235


def _rows(share: np.ndarray | float, rows: int) -> np.ndarray:
    """How high a share stands."""
    decades = np.log10(np.maximum(share, 10.0 ** (_LEAST - 1)))
    return np.rint(np.clip((decades - _LEAST) / (_MOST - _LEAST), 0, 1) * (rows - 1)).astype(int)


def _outline(plot: np.ndarray, tops: np.ndarray, colour: Colour) -> None:
    """A line of two pixels along the tops, with its risers."""
    previous = np.concatenate([tops[:1], tops[:-1]])
    row = np.arange(len(plot))[:, None]
    line = (row >= np.minimum(tops, previous)) & (row <= np.maximum(tops, previous) + 1)
    plot[line & (np.minimum(tops, previous) < len(plot))[None]] = colour
