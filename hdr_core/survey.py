"""What a whole picture's light is like, found in one reading of it. numpy only."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .parallel import in_parallel
from .sun import LUMINANCE

_ROWS = 128  # of the coarse picture
_SAMPLES = 2**18  # pixels among which the darkest are looked for
_PARTS, _PART = 32, 2**19  # a picture is read in so many parts at most, of so many pixels at least, at the same time


@dataclass(frozen=True)
class Survey:
    """coarse: means of luminance, (128, 256), or of the picture's own size where that is smaller; largest: of all numbers;
    brightest: the largest luminance of a pixel; sample: the luminance of some of them, spread evenly.
    """

    coarse: np.ndarray
    largest: float
    brightest: float
    sample: np.ndarray


def luminance(pixels: np.ndarray) -> np.ndarray:
    """(..., 3) linear Rec.709 to (...). No product of matrices: its threads would stand in the way of ours."""
    red, green, blue = (np.float32(weight) for weight in LUMINANCE)
    out = pixels[..., 0] * red
    out += pixels[..., 1] * green
    out += pixels[..., 2] * blue
    return out


def coarse_size(height: int, width: int) -> tuple[int, int]:
    """Of the coarse picture of a whole one; its cell i begins at pixel i * height // rows, and a row's likewise."""
    return min(_ROWS, height), min(2 * _ROWS, width)


def survey(picture: np.ndarray) -> Survey:
    """Of a picture of any kind, (H, W, 3) float32."""
    height, width = picture.shape[:2]
    rows, columns = coarse_size(height, width)
    ends, left = (np.arange(cells + 1) * side // cells for cells, side in ((rows, height), (columns, width)))
    coarse, largest = np.empty((rows, columns)), np.empty(rows, np.float32)

    def read(part: range) -> None:
        for row in part:
            band = picture[ends[row] : ends[row + 1]]
            largest[row] = band.max()
            coarse[row] = np.add.reduceat(luminance(band.sum(0, dtype=np.float32)), left[:-1], dtype=np.float64) / len(band)

    step = -(-rows // max(1, min(_PARTS, height * width // _PART)))
    in_parallel(read, [range(row, min(row + step, rows)) for row in range(0, rows, step)])
    coarse /= np.diff(left)
    brightest = 0.0
    for row in np.argsort(-largest):  # no pixel's luminance is above its largest channel: few bands are read again
        if not largest[row] > brightest * (1 - 1e-6):
            break
        brightest = max(brightest, float(luminance(picture[ends[row] : ends[row + 1]]).max()))
    return Survey(coarse, float(largest.max()), brightest, luminance(thinned(picture)))


def thinned(pixels: np.ndarray) -> np.ndarray:
    """Some 2^18 to 2^20 of a picture's pixels, evenly."""
    step = thinning(*pixels.shape[:2])
    return pixels[::step, ::step]


def thinning(height: int, width: int) -> int:
    """Each how many-th row and column `thinned` takes."""
    return max(1, math.isqrt(height * width // _SAMPLES))
