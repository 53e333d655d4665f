"""Pixels as light, made smaller in bands of rows: a panorama of 16384 x 8192 never lies in memory as floats. numpy only."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np

from ..colour import srgb_decode

_REC709 = np.array([0.2126, 0.7152, 0.0722], np.float32)
_ROWS = 64
_NEARLY_WHITE = 250 / 255


def luminance(radiance: np.ndarray) -> np.ndarray:
    """(..., 3) linear Rec.709 to (...) relative luminance, white = 1."""
    return radiance @ _REC709


def photo_light(codes: np.ndarray) -> np.ndarray:
    """What the photo alone says: the exact inverse of sRGB. (..., 3) uint8 or uint16 to float32 in [0, 1], white = 1."""
    return _decoding(codes.dtype)[codes]


def clipped(codes: np.ndarray) -> np.ndarray:
    """Which channels are clipped, or next to it: a code value of 250/255 or more. (H, W, 3) uint8 or uint16 to bool."""
    return codes >= int(np.ceil(_NEARLY_WHITE * np.iinfo(codes.dtype).max))


def shrink(
    pixels: np.ndarray, height: int, width: int, convert: Callable[[np.ndarray], np.ndarray] | None = None
) -> np.ndarray:
    """The mean over the area of each new pixel, exact for any ratio; larger than before: squares. (height, width, C) float32.

    convert: applied to bands of rows of `pixels`, (H, W, C'), before the mean is taken.
    """
    narrow = [_shrink_axis(rows if convert is None else convert(rows), width, 1) for _, rows in bands(pixels)]
    return _shrink_axis(np.concatenate(narrow), height, 0).astype(np.float32)


def shrink_sphere(radiance: np.ndarray, height: int, width: int) -> np.ndarray:
    """A panorama, (H, W, C), smaller, each texel the mean by solid angle, so no light is lost; never larger than it was."""
    height, width = min(height, radiance.shape[0]), min(width, radiance.shape[1])
    weights = row_weights(len(radiance), panorama=True).astype(np.float32)[:, None, None]
    light = shrink(radiance, len(radiance), width) * weights
    return shrink(light, height, width) / shrink(weights, height, 1)


def bands(*pictures: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """The pictures' rows a few at a time: (their numbers, those of the first picture, of the second, ...)."""
    for top in range(0, len(pictures[0]), _ROWS):
        rows = np.arange(top, min(top + _ROWS, len(pictures[0])))
        yield rows, *(picture[top : top + _ROWS] for picture in pictures)


def row_weights(height: int, *, panorama: bool) -> np.ndarray:
    """How much each row counts, (height,) float64: by its solid angle in an equirectangular panorama, else all the same."""
    if not panorama:
        return np.ones(height)
    return np.cos(((np.arange(height) + 0.5) / height - 0.5) * np.pi)


def fit(height: int, width: int, rows: int, columns: int) -> tuple[int, int]:
    """The largest (height, width) of the same shape that fits into rows x columns."""
    scale = min(rows / height, columns / width)
    return max(1, round(height * scale)), max(1, round(width * scale))


@functools.cache
def _decoding(kind: np.dtype) -> np.ndarray:
    white = np.iinfo(kind).max
    return srgb_decode(np.arange(white + 1) / white)


def _shrink_axis(pixels: np.ndarray, size: int, axis: int) -> np.ndarray:
    pixels = np.moveaxis(pixels, axis, 0)
    if len(pixels) % size == 0:  # as photos mostly are, and four times as fast
        return np.moveaxis(pixels.reshape(size, -1, *pixels.shape[1:]).mean(1, dtype=np.float64), 0, axis)
    pixels = np.ascontiguousarray(pixels)
    edges = np.linspace(0, len(pixels), size + 1)
    start, end = edges[:-1], edges[1:]
    first = start.astype(int)
    total = np.zeros((size, *pixels.shape[1:]))
    for at in range(int((np.ceil(end) - first).max())):  # the pixels that a new one lies over, one after the other
        over = np.clip(np.minimum(end, first + at + 1) - np.maximum(start, first + at), 0, None)
        share = (over * (size / len(pixels))).astype(np.float32).reshape(-1, *[1] * (pixels.ndim - 1))
        total += pixels.take(np.minimum(first + at, len(pixels) - 1), 0) * share
    return np.moveaxis(total, 0, axis)


def look_up(panorama: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """What a panorama, (H, 2H, C), shows in each direction, (..., 3), between texels linearly: (..., C).

    Axes: x to the right of its middle, y up, z towards its middle.
    """
    height, width = panorama.shape[:2]
    x, y, z = directions[..., 0], directions[..., 1], directions[..., 2]
    column = (np.arctan2(x, z) / (2 * np.pi) + 0.5) * width - 0.5
    row = np.clip((0.5 - np.arcsin(np.clip(y, -1, 1)) / np.pi) * height - 0.5, 0, height - 1)
    left, top = np.floor(column).astype(int), np.minimum(np.floor(row).astype(int), max(height - 2, 0))
    right, down = (column - left)[..., None].astype(np.float32), (row - top)[..., None].astype(np.float32)
    bottom = np.minimum(top + 1, height - 1)
    upper = panorama[top, left % width] * (1 - right) + panorama[top, (left + 1) % width] * right
    lower = panorama[bottom, left % width] * (1 - right) + panorama[bottom, (left + 1) % width] * right
    return upper * (1 - down) + lower * down
