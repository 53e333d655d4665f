"""A preview: a small copy of a photo, restored. Quick rather than exact, and the same way as a conversion else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from .colour import srgb_encode
from .convert import Result, convert_with
from .photo import HdrPicture, Photo, read_source
from .preview_file import write_preview
from .runtime import require
from .settings import Conversion, ConvertSettings, IsCancelled, Progress
from .sheet.light import fit, photo_light, shrink

_SPARE = 2  # times as wide as the preview: enough pixels to average their light


def preview(
    source: Path,
    output: Path,
    width: int,
    settings: ConvertSettings,
    *,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
) -> Conversion:
    """Restore a copy of the photo `source`, `width` wide at most and half as high at most, into the
    temporary file `output`, for `preview_file.read_preview`.

    The network looks at it once, where a conversion looks at the mirror image, too. Raises as `convert`.
    """
    return convert_with(
        source,
        _ArraysWriter(output),
        lambda _: settings,
        read=lambda path: small_source(path, width),
        quick=True,
        progress=progress,
        cancelled=cancelled,
    )


def small_source(path: Path, width: int) -> Photo | HdrPicture:
    """As `read_source`, `width` wide at most and half as high at most, without alpha.

    Its light is averaged; of a JPEG four times as wide or more, that of squares whose codes its decoder averaged.
    """
    source = read_source(path, enough=_SPARE * width)
    if isinstance(source, HdrPicture):
        return HdrPicture(_small(source.light, width), tags=source.tags)
    codes = np.rint(srgb_encode(_small(source.pixels, width).clip(0, 1)) * source.white).astype(source.pixels.dtype)
    return replace(source, pixels=codes, alpha=None)


def _small(pixels: np.ndarray, width: int) -> np.ndarray:
    """Light, (h, w, 3) float32, of code values or of light."""
    height, wide = pixels.shape[:2]
    size = min((height, wide), fit(height, wide, width // 2, width))
    times = wide // (_SPARE * size[1])
    if times > 1:
        pixels = _averaged(pixels[: height // times * times, : wide // times * times], times)
    return shrink(pixels, *size, photo_light if pixels.dtype.kind == "u" else None)


def _averaged(pixels: np.ndarray, times: int) -> np.ndarray:
    """The light of squares of so many pixels; `shrink` takes several times as long where many pixels become few."""
    vips = require("pyvips").Image
    light = vips.new_from_array(pixels)
    if pixels.dtype.kind == "u":
        light = light.maplut(
            vips.new_from_array(photo_light(np.arange(np.iinfo(pixels.dtype).max + 1, dtype=pixels.dtype))[None])
        )
    return light.shrink(times, times).numpy()


@dataclass(frozen=True)
class _ArraysWriter:
    output: Path

    def check(self, _: Path) -> None:
        """Only its folder can be in the way: `output` is a temporary file."""

    def write(self, picture: Photo | HdrPicture, result: Result, _: dict[str, str]) -> Literal["half", "float"]:
        if isinstance(picture, HdrPicture):
            codes = np.rint(srgb_encode(picture.light.clip(0, 1)) * 255).astype(np.uint8)
        else:
            codes = picture.pixels
        write_preview(self.output, codes, result.pixels)
        return "float"
