"""A conversion on a screen: one view at a time, quick enough to follow a slider. numpy only, because Blender draws them too."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal

import numpy as np

from .balls import NAMES, balls, coverage
from .cells import Cell, caption, put_row, stops
from .facts import SheetFacts
from .false_colour import draw_legend, false_colour
from .histogram import AFTER, BEFORE, FAINT, draw_histogram, histogram
from .layout import ball_exposure, sheet
from .light import fit, photo_light, shrink
from .text import draw_text, text_width
from .views import clipped_overlay, split, tone_map

Mode = Literal["SPLIT", "BEFORE", "AFTER", "CLIPPED", "EV", "HISTOGRAM", "BALLS", "SHEET"]

_GROUND = 24
_BALL = 224
_LEGEND = 52


class Screens:
    """Photo and radiance of a conversion, about 1024 x 512, and all the ways of looking at them."""

    def __init__(self, photo: np.ndarray, radiance: np.ndarray, facts: SheetFacts) -> None:
        """As for `sheet`: photo (H, W, 3) code values, uint8 or uint16, radiance (H, W, 3) float32, white = 1."""
        self.photo, self.after, self.facts = photo, radiance, facts

    def picture(self, mode: Mode, ev: float = 0.0, position: float = 0.5) -> np.ndarray:
        """The view `mode`, (h, w, 3) uint8 sRGB; h and w depend on the mode alone.

        ev: the exposure of SPLIT, BEFORE and AFTER; of BALLS beyond what exposes the diffuse one well.
        position: where SPLIT and EV part the photo, on the left, from the result; in [0, 1] of the width.
        Balls need a panorama: a flat picture has a line of text instead.
        """
        views: dict[Mode, Callable[[], np.ndarray]] = {
            "SPLIT": lambda: split(tone_map(self._before, ev), tone_map(self.after, ev), position),
            "BEFORE": lambda: tone_map(self._before, ev),
            "AFTER": lambda: tone_map(self.after, ev),
            "CLIPPED": lambda: clipped_overlay(self.photo),
            "EV": lambda: self._ev_map(position),
            "HISTOGRAM": lambda: self._histogram,
            "BALLS": lambda: self._lit_balls(ev),
            "SHEET": lambda: self._sheet,
        }
        return views[mode]()

    @functools.cached_property
    def _before(self) -> np.ndarray:
        return photo_light(self.photo)

    @functools.cached_property
    def _ev_maps(self) -> tuple[np.ndarray, np.ndarray]:
        height, width = self.photo.shape[:2]
        size = fit(height, width, max(512, height), max(1024, width))  # a small picture grows, so that the legend can be read
        before, after = (false_colour(shrink(light, *size)) for light in (self._before, self.after))
        return before, after

    @functools.cached_property
    def _balls(self) -> list[np.ndarray]:
        return [balls(light, _BALL) for light in (self._before, self.after)]

    @functools.cached_property
    def _sheet(self) -> np.ndarray:
        return sheet(self.photo, self.after, self.facts)

    @functools.cached_property
    def _histogram(self) -> np.ndarray:
        canvas = np.full((568, 1024, 3), _GROUND, np.uint8)
        counts = [histogram(pixels, panorama=self.facts.panorama) for pixels in (self.photo, self.after)]
        left = 40
        for text, colour in (("Share of the picture at each EV:", FAINT), ("before", BEFORE), ("after", AFTER)):
            draw_text(canvas, left, 14, text, size=16, colour=colour)
            left += text_width(text, 16) + 24
        draw_histogram(canvas, 40, 48, 944, 500, *counts)
        return canvas

    def _ev_map(self, position: float) -> np.ndarray:
        shown = split(*self._ev_maps, position)
        height, width = shown.shape[:2]
        canvas = np.full((height + _LEGEND, width, 3), _GROUND, np.uint8)
        canvas[:height] = shown
        draw_legend(canvas, 16, height + 8, width - 32)
        return canvas

    def _lit_balls(self, ev: float) -> np.ndarray:
        canvas = np.full((568, 1024, 3), _GROUND, np.uint8)
        if not self.facts.panorama:
            draw_text(canvas, 512, 270, "Only a panorama can light the balls.", size=16, align="centre")
            return canvas
        exposure = ball_exposure(self._balls[1]) + ev
        for row, (name, shades) in enumerate(zip(("photo", "HDRI"), self._balls, strict=True)):
            cell = Cell(40, 30 + row * 280, 704, _BALL)  # to the left: a sidebar may lie over the right
            caption(canvas, cell, f"Lit by the {name}, {stops(exposure)}")
            put_row(canvas, cell, tone_map(shades, exposure), coverage(_BALL), NAMES)
        return canvas
