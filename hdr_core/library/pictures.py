"""Small pictures of a conversion, for the report and for assets. Runs in the worker."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..atomic import replacing
from ..colour import srgb_encode
from ..convert import Result
from ..photo import HdrPicture, Photo
from ..runtime import require
from ..sheet.balls import balls, coverage
from ..sheet.light import fit, photo_light, shrink
from ..sheet.png import encode_png

TILE = (160, 240)
"""Rows and columns that a picture of a thumbnail fits into; three stand side by side: photo, photo darker, result darker."""
STRIP = (TILE[0], 3 * TILE[1] + 12)
"""Rows and columns of the largest thumbnail."""
STOPS = 4
"""How much darker: what the photo clipped stays white paper there, what was restored shows."""

_GAP = (STRIP[1] - 3 * TILE[1]) // 2
_PREVIEW, _BALL = 256, 122
_GROUND = 29
_BRIGHTEST = 0.8  # of the diffuse ball


def draw_thumbnail(path: Path, picture: Photo | HdrPicture, result: Result) -> None:
    """Write a JPEG strip of three pictures, on black: the photo, the photo STOPS darker, its result STOPS darker."""
    pixels, light = (picture.light, None) if isinstance(picture, HdrPicture) else (picture.pixels, photo_light)
    before = shrink(pixels, *fit(len(pixels), pixels.shape[1], *TILE), light)
    after = shrink(result.pixels, *fit(len(result.pixels), result.pixels.shape[1], *TILE))
    if picture.alpha is not None:
        before *= shrink(opacity(picture.alpha), *before.shape[:2])
    if result.alpha is not None:
        after *= shrink(opacity(result.alpha), *after.shape[:2])
    height = max(len(before), len(after))
    gap = np.full((height, _GAP, 3), 255, np.uint8)
    shown = (before, before * 2.0**-STOPS, after * 2.0**-STOPS)
    tiles = [part for tile in shown for part in (_centred(_display(tile), height), gap)][:-1]
    strip = np.ascontiguousarray(np.concatenate(tiles, axis=1))
    pyvips = require("pyvips")
    image = pyvips.Image.new_from_memory(strip.data, strip.shape[1], height, 3, "uchar").copy(interpretation="srgb")
    with replacing(path, overwrite=True) as file:
        file.write(image.jpegsave_buffer(Q=80, strip=True))


def opacity(alpha: np.ndarray) -> np.ndarray:
    """(H, W) codes or float32 to (H, W, 1) float32 in [0, 1]."""
    white = 1.0 if alpha.dtype.kind == "f" else float(np.iinfo(alpha.dtype).max)
    return alpha[..., None].astype(np.float32) / np.float32(white)


def _centred(tile: np.ndarray, height: int) -> np.ndarray:
    """(h, w, 3) uint8 with white above and below, (height, w, 3)."""
    above = (height - len(tile)) // 2
    return np.pad(tile, ((above, height - len(tile) - above), (0, 0), (0, 0)), constant_values=255)


def draw_preview(path: Path, radiance: np.ndarray) -> None:
    """Write a square PNG of a panorama, (H, 2H, 3): itself above, the diffuse and the mirroring ball that it lights below."""
    canvas = np.full((_PREVIEW, _PREVIEW, 3), _GROUND, np.uint8)
    canvas[: _PREVIEW // 2] = _display(_rolled_off(shrink(radiance, _PREVIEW // 2, _PREVIEW)))
    lit = balls(radiance, _BALL)[[0, 2]]
    cover = coverage(_BALL)[..., None]
    brightness = float(np.percentile(lit[0][cover[..., 0] > 0.99], 95))
    margin = (_PREVIEW - 2 * _BALL) // 3
    top = _PREVIEW // 2 + (_PREVIEW // 2 - _BALL) // 2
    for number, ball in enumerate(_rolled_off(lit * min(1.0, _BRIGHTEST / max(brightness, 1e-6)))):
        left = margin + number * (_BALL + margin)
        shown = _GROUND + (_display(ball).astype(np.float32) - _GROUND) * cover
        canvas[top : top + _BALL, left : left + _BALL] = np.rint(shown)
    with replacing(path, overwrite=True) as file:
        file.write(encode_png(canvas))


def _rolled_off(light: np.ndarray) -> np.ndarray:
    """Above 0.6 ever flatter, up to 1."""
    return np.where(light < 0.6, light, 1 - 0.4 * np.exp(-(np.maximum(light, 0.6) - 0.6) / 0.4))


def _display(light: np.ndarray) -> np.ndarray:
    return np.rint(srgb_encode(light.clip(0, 1)) * 255).astype(np.uint8)
