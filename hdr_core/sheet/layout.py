"""The sheet: one picture from which a lighting artist can judge a conversion. numpy only."""

from __future__ import annotations

import math

import numpy as np

from .balls import NAMES, balls, coverage
from .cells import Cell, caption, put, put_row, stops
from .facts import Measured, SheetFacts, in_words, measure
from .false_colour import draw_legend, false_colour
from .histogram import AFTER, BEFORE, bins, draw_histogram, histogram
from .light import clipped, fit, luminance, photo_light, shrink
from .text import draw_text, shortened, text_width
from .views import ALL_CLIPPED, SOME_CLIPPED, striped, tone_map

SIZE = (1000, 1600)
"""Of every sheet: (height, width)."""
EXPOSURES = 4
"""How many there are in the strip: the first as it is, the last next to the one that holds the peak."""

_GROUND, _MARGIN, _GAP = 24, 25, 19
_COLUMN, _CELL = 504, 252
_TOPS = (162, 446, 776)  # of the three rows of pictures
_BALL, _LAST = 160, 184
_WORK = (512, 1024)  # all the small pictures are made from one of this size


def sheet(photo: np.ndarray, radiance: np.ndarray, facts: SheetFacts) -> np.ndarray:
    """Lay out photo and result side by side: exposures, clipping, EV, histogram, balls (of a panorama), the brightest region.

    photo: (H, W, 3) uint8 or uint16 sRGB code values. radiance: (H, W, 3) float32 linear, 1.0 = the photo's white.
    Returns (*SIZE, 3) uint8, sRGB. "Photo" on it is the exact inverse of sRGB of the code values; pairs share their exposure.
    Raises ValueError when the shapes are not the same, or not such.
    """
    if photo.shape != radiance.shape or photo.ndim != 3 or photo.shape[2] != 3 or photo.size == 0:
        raise ValueError(f"expected a photo and radiance of one shape (H, W, 3), got {photo.shape} and {radiance.shape}")
    canvas = np.full((*SIZE, 3), _GROUND, np.uint8)
    counts = [histogram(pixels, panorama=facts.panorama) for pixels in (photo, radiance)]
    measured = measure(photo, radiance, counts[1], bins(), panorama=facts.panorama)
    size = fit(photo.shape[0], photo.shape[1], *_WORK)
    pair = shrink(photo, *size, photo_light), shrink(radiance, *size)
    _header(canvas, facts, measured)
    _exposures(canvas, photo, pair, math.ceil(max(measured.peak_ev, 1.0) / EXPOSURES))
    _ev_maps(canvas, pair)
    _histograms(canvas, counts)
    if facts.panorama:
        _balls(canvas, pair)
    _brightest(canvas, photo, radiance, measured, facts)
    return canvas


def ball_exposure(lit: np.ndarray) -> float:
    """The EV, in whole stops, at which the diffuse one of `lit` (see `balls`) is bright but not clipped."""
    bright = float(np.percentile(luminance(lit[0])[coverage(lit.shape[1]) == 1], 90))
    return float(np.clip(math.floor(-math.log2(max(bright, 1e-6) / 0.6)), -12, 8))


def _left(column: int) -> int:
    return _MARGIN + column * (_COLUMN + _GAP)


def _header(canvas: np.ndarray, facts: SheetFacts, measured: Measured) -> None:
    width = SIZE[1] - 2 * _MARGIN
    draw_text(canvas, _MARGIN, 16, shortened(facts.title, width, 28), size=28, colour=(240, 240, 240))
    draw_text(canvas, _MARGIN, 54, shortened("   |   ".join(facts.notes), width, 14), colour=(140, 140, 140))
    x = _MARGIN
    for what, how_much in in_words(measured, facts.restored):
        draw_text(canvas, x, 82, what, colour=(140, 140, 140))
        draw_text(canvas, x, 100, how_much, size=16, colour=(255, 255, 255))
        x += max(text_width(what, 14), text_width(how_much, 16)) + 60


def _exposures(canvas: np.ndarray, photo: np.ndarray, pair: tuple[np.ndarray, np.ndarray], step: int) -> None:
    """The photo with its clipped pixels, and both under darker and darker exposures, `step` stops apart."""
    cell = Cell(_left(0), _TOPS[0], _COLUMN, _CELL)
    size = fit(photo.shape[0], photo.shape[1], cell.height, cell.width)
    lost = shrink(photo, *size, lambda codes: np.stack([(c := clipped(codes)).all(-1), c.any(-1)], axis=-1)) > 1e-6
    put(canvas, cell, striped(tone_map(shrink(pair[0], *size), 0.0), lost[..., 0], lost[..., 1]))
    right = caption(canvas, cell, "Clipped in the photo")
    for name, colour in (("  all channels", ALL_CLIPPED), ("  one or two", SOME_CLIPPED)):
        draw_text(canvas, right, cell.top - 21, name, colour=colour)
        right += text_width(name, 14)
    caption(
        canvas,
        Cell(_left(1), _TOPS[0], 0, 0),
        "Under darker exposures: what the photo clipped stays flat, what was restored keeps its shape",
    )
    for row, (name, light) in enumerate(zip(("Photo", "HDRI"), pair, strict=True)):
        cells = Cell(_left(1), _TOPS[0] + row * 127, 2 * _COLUMN + _GAP, 125).split(EXPOSURES, 9)
        for number, small in enumerate(cells):
            size = fit(light.shape[0], light.shape[1], small.height, small.width)
            put(canvas, small, tone_map(shrink(light, *size), -number * step), f"{name}  {stops(-number * step)}")


def _ev_maps(canvas: np.ndarray, pair: tuple[np.ndarray, np.ndarray]) -> None:
    for column, (name, light) in enumerate(zip(("Photo", "HDRI"), pair, strict=True)):
        cell = Cell(_left(column), _TOPS[1], _COLUMN, _CELL)
        caption(canvas, cell, f"{name}: EV above and below the photo's white")
        put(canvas, cell, false_colour(shrink(light, *fit(light.shape[0], light.shape[1], cell.height, cell.width))))
    draw_legend(canvas, _left(0), _TOPS[1] + _CELL + 8, 2 * _COLUMN + _GAP)


def _histograms(canvas: np.ndarray, counts: list[np.ndarray]) -> None:
    cell = Cell(_left(2), _TOPS[1], _COLUMN, _CELL + 46)
    right = caption(canvas, cell, "How much lies at which EV")
    for name, colour in (("   Photo", BEFORE), ("   HDRI", AFTER)):
        draw_text(canvas, right, cell.top - 21, name, colour=colour)
        right += text_width(name, 14)
    draw_histogram(canvas, cell.left, cell.top, cell.width, cell.height, *counts)


def _balls(canvas: np.ndarray, pair: tuple[np.ndarray, np.ndarray]) -> None:
    lit = [balls(light, _BALL) for light in pair]
    ev = ball_exposure(lit[1])
    for column, (name, shades) in enumerate(zip(("photo", "HDRI"), lit, strict=True)):
        cell = Cell(_left(column), _TOPS[2], _COLUMN, _BALL)
        caption(canvas, cell, f"Lit by the {name}, {stops(ev)}")
        put_row(canvas, cell, tone_map(shades, ev), coverage(_BALL), NAMES)


def _brightest(canvas: np.ndarray, photo: np.ndarray, radiance: np.ndarray, measured: Measured, facts: SheetFacts) -> None:
    """The surroundings of the brightest pixel: as photographed, then under exposures that hold half its stops, and all."""
    ev = -max(math.ceil(measured.peak_ev), 0)
    area = Cell(_left(2), _TOPS[2], _COLUMN, _LAST) if facts.panorama else Cell(_MARGIN, _TOPS[2], SIZE[1] - 2 * _MARGIN, _LAST)
    caption(canvas, area, "Around the brightest pixel")
    shown = (("Photo", photo, 0), ("HDRI", radiance, ev // 2), ("HDRI", radiance, ev))
    for cell, (name, pixels, exposure) in zip(area.split(3, 9 if facts.panorama else _GAP), shown, strict=True):
        window = _window(pixels, measured.at, cell.width / cell.height, wrap=facts.panorama)
        light = photo_light(window) if window.dtype.kind == "u" else window
        put(canvas, cell, tone_map(shrink(light, cell.height, cell.width), exposure), f"{name}  {stops(exposure)}")


def _window(pixels: np.ndarray, at: tuple[int, int], aspect: float, *, wrap: bool) -> np.ndarray:
    """The part of the picture about `at`, (row, column), an eighth as high: inside of its edges, or through the wrap."""
    height = max(4, pixels.shape[0] // 8)
    width = min(pixels.shape[1], max(4, round(height * aspect)))
    top = min(max(at[0] - height // 2, 0), max(pixels.shape[0] - height, 0))
    left = at[1] - width // 2 if wrap else min(max(at[1] - width // 2, 0), pixels.shape[1] - width)
    return pixels[top : top + height, np.arange(left, left + width) % pixels.shape[1]]
