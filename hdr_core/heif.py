"""HEIC files, by libheif: the upright picture, its metadata, and Apple's gain map. Those of ISO 21496-1 are gain_heif.py's."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .runtime import require

_APPLE_GAIN = "urn:com:apple:photo:2020:aux:hdrgainmap"


@dataclass(frozen=True)
class Heic:
    """pixels: (H, W, 1, 3 or 4) uint8, or uint16 where there were 10 or 12 bits; the rest as it lies in the file."""

    pixels: np.ndarray
    exif: bytes | None
    xmp: bytes | None
    icc: bytes | None
    nclx: tuple[int, int] | None
    gain: np.ndarray | None


def read_heic(path: Path, most_pixels: int) -> Heic | tuple[int, int]:
    """The primary picture; or only its width and height where it has more than `most_pixels`, which then are not decoded.

    Raises whatever the library does on damage: OSError, ValueError, IndexError, ...
    """
    library = require("pi_heif")
    file = library.open_heif(os.fsencode(path).decode("utf-8", "surrogateescape"), convert_hdr_to_8bit=False)
    image = file[file.primary_index]
    width, height = image.size
    if width * height > most_pixels:
        return width, height
    nclx = image.info.get("nclx_profile")
    return Heic(
        pixels=full_range(_array(image), image.info["bit_depth"]),
        exif=image.info.get("exif"),
        xmp=image.info.get("xmp"),
        icc=image.info.get("icc_profile"),
        nclx=(int(nclx["color_primaries"]), int(nclx["transfer_characteristics"])) if nclx else None,
        gain=_gain(image, most_pixels),
    )


def decode_map(data: bytes, most_pixels: int) -> np.ndarray | None:
    """The picture of a file in memory, a gain map: (h, w, 1 or 3) uint8 or uint16; None where it is damaged or larger."""
    library = require("pi_heif")
    try:
        file = library.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
        image = file[file.primary_index]
        if image.size[0] * image.size[1] > most_pixels:
            return None
        pixels = full_range(_array(image), image.info["bit_depth"])
    except Exception:  # noqa: BLE001  (the library fails in many ways on damage)
        return None
    return pixels[..., : 3 if pixels.shape[2] > 2 else 1]


def full_range(codes: np.ndarray, bits: int) -> np.ndarray:
    """Codes of 10 or 12 bits in the upper bits of 16 become 16-bit codes whose white is 65535."""
    return codes | codes >> np.uint16(bits) if codes.dtype == np.uint16 and bits < 16 else codes


def _gain(image: object, most_pixels: int) -> np.ndarray | None:
    info, get = image.info, image.get_aux_image  # type: ignore[attr-defined]
    numbers = info.get("aux", {}).get(_APPLE_GAIN)
    map_ = get(numbers[0]) if numbers else None
    return _array(map_)[..., :1] if map_ is not None and map_.size[0] * map_.size[1] <= most_pixels else None


def _array(image: object) -> np.ndarray:
    pixels = np.array(image)
    width, height = image.size  # type: ignore[attr-defined]
    return pixels.reshape(height, -1, pixels.shape[2] if pixels.ndim == 3 else 1)[:, :width]
