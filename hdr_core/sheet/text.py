"""Text on a picture, from rasters that are in the code: no font file, no library. numpy only."""

from __future__ import annotations

import base64
import functools
import unicodedata
import zlib
from typing import Literal

import numpy as np

from .glyphs import LETTERS, RASTERS

Size = Literal[14, 16, 28]
Colour = tuple[int, int, int]


def line_height(size: Size) -> int:
    """How many rows a line of this size takes."""
    return RASTERS[size][0]


def text_width(text: str, size: Size) -> int:
    """How many columns `text` takes."""
    return _raster(text, size).shape[1]


def draw_text(
    canvas: np.ndarray,
    x: int,
    y: int,
    text: str,
    *,
    size: Size = 14,
    colour: Colour = (200, 200, 200),
    align: Literal["left", "centre", "right"] = "left",
) -> None:
    """Write one line into `canvas`, (H, W, 3) uint8. (x, y): the line's upper left, upper middle or upper right, in pixels.

    What does not fit on the canvas is cut off. Accents are dropped; other letters that are not ASCII become question marks.
    """
    coverage = _raster(text, size)
    x -= {"left": 0, "centre": coverage.shape[1] // 2, "right": coverage.shape[1]}[align]
    top, left = max(0, -y), max(0, -x)
    place = canvas[y + top : y + coverage.shape[0], x + left : x + coverage.shape[1]]
    coverage = coverage[top : top + place.shape[0], left : left + place.shape[1], None]
    place[:] = np.rint(place + (np.array(colour, np.float32) - place) * coverage)


def shortened(text: str, width: int, size: Size) -> str:
    """`text`, or as much of its beginning and end as fits into `width` pixels, with dots between."""
    keep = len(text)
    while text_width(text, size) > width and keep > 2:
        keep -= 1
        head, tail = (keep + 1) // 2, keep // 2
        text = f"{text[:head].rstrip('.')}...{text[-tail:].lstrip('.')}"
    return text


def _raster(text: str, size: Size) -> np.ndarray:
    """Coverage in [0, 1], (height, width) float32."""
    glyphs, unknown = _glyphs(size)
    plain = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return np.concatenate([np.zeros((line_height(size), 0), np.float32), *(glyphs.get(letter, unknown) for letter in plain)], 1)


@functools.cache
def _glyphs(size: Size) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The raster of every letter, and that of letters which are not there."""
    height, widths, packed = RASTERS[size]
    ends = np.cumsum([int(width) for width in widths.split()])
    pairs = np.frombuffer(zlib.decompress(base64.b85decode(packed)), np.uint8)
    pixels = np.stack([pairs >> 4, pairs & 15], axis=-1).ravel()[: height * ends[-1]]
    atlas = pixels.reshape(height, -1).astype(np.float32) / 15
    glyphs = dict(zip(LETTERS, np.split(atlas, ends[:-1], axis=1), strict=True))
    return glyphs, glyphs["?"]
