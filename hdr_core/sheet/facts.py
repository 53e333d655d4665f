"""What a sheet says in words: measured in the pixels, and read from the file's header. numpy only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .light import bands, clipped, luminance, row_weights


@dataclass(frozen=True)
class SheetFacts:
    """What cannot be seen in the pixels.

    title: what to call the picture. panorama: whether it is an equirectangular one. notes: of how it was made; may be empty.
    restored: how much of the light was restored, such as "62% (41 to 78%)"; empty where it is not known.
    """

    title: str
    panorama: bool
    notes: tuple[str, ...] = ()
    restored: str = ""


@dataclass(frozen=True)
class Measured:
    """Of the photo and its radiance, a panorama by solid angle.

    clipped: the share of the picture where a channel is clipped. peak: largest luminance, white = 1. at: its (row, column).
    above: the share of the light that comes from what is brighter than white.
    stops: between the luminance that 1% of the picture stays below and the peak; infinite where that 1% is black.
    """

    clipped: float
    peak: float
    at: tuple[int, int]
    above: float
    stops: float

    @property
    def peak_ev(self) -> float:
        """The peak in stops above white, negative below; of a black picture, -20."""
        return math.log2(max(self.peak, 2.0**-20))


def measure(photo: np.ndarray, radiance: np.ndarray, counts: np.ndarray, edges: np.ndarray, *, panorama: bool) -> Measured:
    """photo: (H, W, 3) code values. radiance: (H, W, 3) linear. counts, edges: the radiance's histogram, its bins in EV."""
    weights = row_weights(len(photo), panorama=panorama)
    lost = above = light = 0.0
    peak, at = -1.0, (0, 0)
    for rows, codes, pixels in bands(photo, radiance):
        shine = luminance(pixels)
        by_row = weights[rows]
        lost += float(by_row @ clipped(codes).any(-1).mean(1))
        light += float(by_row @ shine.mean(1, dtype=np.float64))
        above += float(by_row @ np.where(shine > 1, shine, 0).mean(1, dtype=np.float64))
        if shine.max() > peak:
            row, column = np.unravel_index(int(shine.argmax()), shine.shape)
            peak, at = float(shine.max()), (int(rows[row]), int(column))
    dark = edges[int(np.searchsorted(np.cumsum(counts), 0.01))]
    stops = math.log2(peak) - dark if peak > 0 else 0.0
    return Measured(lost / weights.sum(), peak, at, above / light if light > 0 else 0.0, stops)


def in_words(measured: Measured, restored: str) -> list[tuple[str, str]]:
    """(what, how much) of all that is worth saying, the most important first."""
    peak = measured.peak
    size = "none" if peak <= 0 else f"{measured.peak_ev:+.1f} EV   {peak:,.0f} x white" if peak >= 10 else f"{peak:.2f} x white"
    told = [
        ("Clipped in the photo", percent(measured.clipped)),
        ("Brightest pixel", size),
        ("Light from above white", percent(measured.above)),
        ("Range (darkest 1% to peak)", f"{measured.stops:.1f} stops"),
    ]
    return [*told, ("Light that was restored", restored)] if restored else told


def percent(share: float) -> str:
    """A share in [0, 1] in as many digits as it is worth."""
    if 0 < share < 0.0001:
        return "< 0.01%"
    return f"{share:.2%}" if share < 0.01 else f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


def facts_from_header(header: Mapping[str, Any], *, title: str, height: int, width: int) -> SheetFacts:
    """What the header of one of our EXR files says. Of another file: a 2:1 picture is taken for a panorama."""
    projection = str(header.get("projection", ""))
    panorama = projection == "equirectangular" if projection else width == 2 * height
    curve = {"srgb": "sRGB curve", "camera": "camera curve", "linear": "HDR already"}.get(str(header.get("inputCurve", "")), "")
    weights = f"weights {header['weights']}" if header.get("weights") else ""
    notes = (f"{width} x {height} {'panorama' if panorama else 'picture'}", curve, weights, str(header.get("software", "")))
    return SheetFacts(title, panorama, tuple(note for note in notes if note), _restored(str(header.get("restoredLight", ""))))


def _restored(numbers: str) -> str:
    """The header's "0.620 (0.410 to 0.780)" in percent; empty where it says something else."""
    try:
        share, low, high = (float(part) for part in numbers.replace("(", "").replace(")", "").replace(" to ", " ").split())
    except ValueError:
        return ""
    return f"{share:.0%} ({low:.0%} to {high:.0%})" if high > 0 else "none"
