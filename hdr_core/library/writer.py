"""Writes all that is asked of a photo: every size in every format. Runs in the worker."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from ..convert import Result, check_output
from ..exr import is_ours, write_exr
from ..photo import HdrPicture, Photo
from ..rgbe import is_our_hdr, write_hdr
from ..sheet.files import check_sheet_path
from ..sheet.light import shrink, shrink_sphere
from .pictures import draw_preview, draw_thumbnail, opacity
from .settings import PIXELS
from .store import checksum
from .tags import light_tags
from .work import File, Made, Work


class LibraryWriter:
    """The `Writer` of a photo of a library. `made`, `tags` and `left_out` are known once it has written."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.output = Path(work.files[0].path)
        self.made: list[Made] = []
        self.tags: tuple[str, ...] = ()
        self.left_out: list[str] = []

    def check(self, source: Path) -> None:
        for file in self._work.files:
            ours = is_ours if file.format == "exr" else is_our_hdr
            check_output(source, Path(file.path), overwrite=self._work.overwrite, suffix=f".{file.format}", ours=ours)
        if self._work.sheet:
            check_sheet_path(Path(self._work.sheet), source, overwrite=self._work.overwrite)

    def write(self, picture: Photo | HdrPicture, result: Result, header: dict[str, str]) -> Literal["half", "float"]:
        panorama = header["projection"] == "equirectangular"
        white = float(header["white"])
        kinds: dict[str, Literal["half", "float"]] = {}
        for size, shape in self._shapes(*result.pixels.shape[:2]).items():
            if shape is None:
                self.left_out.append(f"{size}: the result is smaller")
                continue
            pixels, alpha = result.pixels, result.alpha
            if shape != pixels.shape[:2]:
                pixels, alpha = smaller(pixels, alpha, shape, panorama=panorama)
            for file in self._work.files:
                if file.size == size:
                    told = _header(header, pixels, result.pixels.shape[:2], white)
                    kinds[file.path] = self._write_one(file, pixels, alpha, told)
        if white != 1:  # tags and pictures are of the photo's white
            result = Result(result.pixels / result.pixels.dtype.type(white), result.alpha)
        if panorama:
            self.tags = light_tags(result.pixels, sun=header["sun"] != "none")
        if self._work.thumbnail:
            draw_thumbnail(Path(self._work.thumbnail), picture, result)
        if self._work.preview and panorama:
            draw_preview(Path(self._work.preview), result.pixels)
        return next(iter(kinds.values()), "half")

    def _shapes(self, height: int, width: int) -> dict[str, tuple[int, int] | None]:
        """(height, width) of each size, None where the result is smaller. Something is always made: then its own size."""
        shapes: dict[str, tuple[int, int] | None] = {file.size: _shape(height, width, file.size) for file in self._work.files}
        if not any(shapes.values()):
            shapes[min(shapes, key=lambda size: PIXELS[size])] = (height, width)
        return shapes

    def _write_one(
        self, file: File, pixels: np.ndarray, alpha: np.ndarray | None, header: dict[str, str]
    ) -> Literal["half", "float"]:
        path, kind = Path(file.path), "half"
        if file.format == "exr":
            compression = self._work.settings.compression
            kind = write_exr(path, pixels, alpha=alpha, compression=compression, header=header, overwrite=True)
        else:
            write_hdr(path, pixels if alpha is None else pixels * opacity(alpha), header=header, overwrite=True)
        height, width = pixels.shape[:2]
        self.made.append(Made(file.path, path.stat().st_size, checksum(path), width, height))
        return kind  # type: ignore[return-value]


def smaller(
    radiance: np.ndarray, alpha: np.ndarray | None, shape: tuple[int, int], *, panorama: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """A picture, (H, W, 3), and its alpha, (H, W) or None, at a smaller (height, width), with the same light in all.

    Each pixel of a panorama is the mean by solid angle of what it covers, one of another picture the mean by area, of what
    alpha lets show. Alpha comes back as float32 in [0, 1].
    """
    if panorama:
        return shrink_sphere(radiance, *shape), None
    if alpha is None:
        return shrink(radiance, *shape), None
    covered = opacity(alpha)
    few = shrink(covered, *shape)
    light = shrink(radiance * covered, *shape)
    return np.divide(light, few, out=np.zeros_like(light), where=few > 0), few[..., 0]


def _shape(height: int, width: int, size: str) -> tuple[int, int] | None:
    """The (height, width) of a size; None where the picture is smaller than that."""
    if size == "original":
        return height, width
    scale = PIXELS[size] / max(height, width)
    return None if scale > 1 else (max(1, round(height * scale)), max(1, round(width * scale)))


def _header(header: dict[str, str], pixels: np.ndarray, original: tuple[int, int], white: float) -> dict[str, str]:
    if pixels.shape[:2] == original:
        return header
    return {**header, "peak": f"{pixels.max() / white:.5g}", "reducedFrom": f"{original[1]} x {original[0]}"}
