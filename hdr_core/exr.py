"""OpenEXR files: radiance out, atomically, and back in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from .atomic import replacing
from .errors import PhotoError
from .parallel import extremes, in_parallel, processors
from .runtime import require
from .settings import Compression
from .version import SOFTWARE

if TYPE_CHECKING:
    import numpy as np

HALF_MAX = 65504.0
REC709_D65 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
_MAGIC = b"\x76\x2f\x31\x01"
_ROWS = 256  # a band of rows at a time keeps the copies small beside the picture


def write_exr(
    path: Path,
    radiance: np.ndarray,
    *,
    alpha: np.ndarray | None = None,
    compression: Compression = "zip",
    header: Mapping[str, str],
    overwrite: bool = False,
) -> Literal["half", "float"]:
    """Write linear Rec.709 radiance, whole or not at all; the same arguments give the same bytes. Returns the pixel type.

    radiance: (H, W, 3) float32, finite. Half float, unless a value is beyond 65504: then float.
    alpha: (H, W), straight: float in [0, 1], or uint8/uint16 codes. With it the file is RGBA, and as EXR wants it
        (associated alpha) the colour is multiplied by it.
    compression: "dwaa" stores half floats whatever the pixel type, so a file that needs float is written with "zip".
    header: text attributes, such as {"software": f"{SOFTWARE} 1.0"}.

    Raises OutputError when the file cannot be written, or exists and `overwrite` is False; ValueError for arguments of
    the wrong shape, pixels that are NaN or infinite, and header names that OpenEXR itself uses.
    """
    openexr = require("OpenEXR")
    _check_pixels(radiance, alpha)
    half = _peak(radiance) <= HALF_MAX
    attributes: dict[str, Any] = {
        "type": openexr.scanlineimage,
        "compression": openexr.DWAA_COMPRESSION if compression == "dwaa" and half else openexr.ZIP_COMPRESSION,
        "chromaticities": REC709_D65,
    }
    _add_texts(attributes, header)
    pixels = _file_pixels(radiance, alpha, "float16" if half else "float32")
    image = openexr.File(attributes, {"RGB" if alpha is None else "RGBA": pixels})
    openexr.set_global_thread_count(processors())
    with replacing(Path(path), overwrite=overwrite) as file:
        _write(image, file)
    return "half" if half else "float"


def read_exr(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """Read an RGB or RGBA file as it is stored (alpha stays associated): (H, W, 3 or 4) float32, and the header.

    Raises PhotoError when the file is missing, damaged, or has other channels.
    """
    openexr = require("OpenEXR")
    path = Path(path)
    if not _is_exr(path):
        raise PhotoError(f'"{path}" is no OpenEXR file.', "Give the path of an .exr file.")
    try:
        image = openexr.File(os.fspath(path))
        channels, header = image.channels(), image.header()
    except (RuntimeError, ValueError) as error:  # ValueError: the pixels are damaged, so the library dropped the part
        raise PhotoError(f'"{path}" is damaged.', "Make it again from its source.") from error
    pixels = next((channels[name].pixels for name in ("RGB", "RGBA") if name in channels), None)
    if pixels is None:
        raise PhotoError(f'"{path}" has no RGB channels.', "Give an OpenEXR file with the channels R, G and B.")
    return pixels.astype("float32"), header


def is_ours(path: Path) -> bool:
    """Whether `path` is an OpenEXR file whose header says that this software wrote it. Anything else is False."""
    openexr = require("OpenEXR")
    path = Path(path)
    if not _is_exr(path):
        return False
    try:
        header = openexr.File(os.fspath(path), header_only=True).header()
    except RuntimeError:  # how the library says that it cannot read the file
        return False
    return str(header.get("software", "")).startswith(f"{SOFTWARE} ")


def _is_exr(path: Path) -> bool:
    """By content. Only a regular file is opened: opening a pipe would wait for ever."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def _check_pixels(radiance: np.ndarray, alpha: np.ndarray | None) -> None:
    if radiance.ndim != 3 or radiance.shape[2] != 3 or radiance.size == 0 or radiance.dtype != "float32":
        raise ValueError(f"radiance: expected (H, W, 3) float32, got {radiance.shape} {radiance.dtype}")
    if alpha is not None:
        if alpha.shape != radiance.shape[:2]:
            raise ValueError(f"alpha: expected {radiance.shape[:2]}, got {alpha.shape}")
        if alpha.dtype not in ("uint8", "uint16") and not (alpha.min() >= 0 and alpha.max() <= 1):
            raise ValueError("alpha: expected values in [0, 1]")


def _peak(radiance: np.ndarray) -> float:
    """Largest magnitude."""
    low, high = extremes(radiance)
    if not (low > -float("inf") and high < float("inf")):
        raise ValueError("radiance: a value is NaN or infinite")
    return max(-low, high)


def _add_texts(attributes: dict[str, Any], header: Mapping[str, str]) -> None:
    reserved = {
        *attributes,
        *("channels", "dataWindow", "displayWindow", "lineOrder", "pixelAspectRatio", "screenWindowCenter"),
        *("screenWindowWidth", "tiles", "name", "view", "version", "chunkCount", "dwaCompressionLevel"),
    }
    for name, text in header.items():
        if name in reserved or not name or not isinstance(text, str):
            raise ValueError(f"header: {name!r} cannot be a text attribute")
        attributes[name] = text


def _file_pixels(radiance: np.ndarray, alpha: np.ndarray | None, dtype: str) -> np.ndarray:
    import numpy as np

    height, width = radiance.shape[:2]
    pixels = np.empty((height, width, 3 if alpha is None else 4), dtype)
    white = 1.0 if alpha is None or alpha.dtype.kind == "f" else float(np.iinfo(alpha.dtype).max)

    def fill(top: int) -> None:
        rows = slice(top, top + _ROWS)
        if alpha is None:
            pixels[rows] = radiance[rows]
            return
        straight = alpha[rows, :, None].astype(np.float32) / np.float32(white)
        pixels[rows, :, :3] = radiance[rows] * straight
        pixels[rows, :, 3:] = straight

    in_parallel(fill, range(0, height, _ROWS))
    return pixels


class _Recorder:
    """Stands between OpenEXR and a file, and keeps the first failure.

    The library writes the table of chunks in a destructor, where it drops exceptions: a full disk then would go unseen.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = self.error or error
            raise

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self.error = self.error or error
            raise

    def tell(self) -> int:
        return self._file.tell()


def _write(image: Any, file: BinaryIO) -> None:
    recorder = _Recorder(file)
    image.write(recorder)
    if recorder.error is not None:
        raise recorder.error
