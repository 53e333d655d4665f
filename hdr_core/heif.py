"""HEIC files, by libheif: the upright picture, its metadata, and Apple's gain map. Those of ISO 21496-1 are gain_heif.py's.

libheif runs in a process of its own (heif_decoder.py), within a time: its decoder is known to hang, or to write where it should
not, on files that are made for it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .decode_limit import seconds_for, why
from .errors import WorkerError
from .runtime import require
from .worker_process import NO_WINDOW, child_environment, describe_exit

_APPLE_GAIN = "urn:com:apple:photo:2020:aux:hdrgainmap"
DECODER = Path(__file__).with_name("heif_decoder.py")


class HeifError(ValueError):
    """The file is damaged: it cannot be decoded, or not in time, or libheif crashed."""


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

    Raises HeifError, OSError, RuntimeMissingError without pi-heif, WorkerError when no process can be started.
    """
    told, parts = _decode(path.read_bytes(), most_pixels, _APPLE_GAIN)
    if "size" in told:
        width, height = told["size"]
        return width, height
    nclx = told["nclx"]
    return Heic(
        pixels=full_range(_array(told, "pixels", parts), told["bits"]),
        exif=parts.get("exif"),
        xmp=parts.get("xmp"),
        icc=parts.get("icc"),
        nclx=(nclx[0], nclx[1]) if nclx else None,
        gain=_array(told, "gain", parts)[..., :1] if "gain" in parts else None,
    )


def decode_map(data: bytes, most_pixels: int) -> np.ndarray | None:
    """The picture of a file in memory, a gain map: (h, w, 1 or 3) uint8 or uint16; None where it is damaged or larger.

    Raises RuntimeMissingError and WorkerError as `read_heic`.
    """
    try:
        told, parts = _decode(data, most_pixels, "")
        if "size" in told:
            return None
        pixels = full_range(_array(told, "pixels", parts), told["bits"])
    except ValueError:
        return None
    return pixels[..., : 3 if pixels.shape[2] > 2 else 1]


def full_range(codes: np.ndarray, bits: int) -> np.ndarray:
    """Codes of 10 or 12 bits in the upper bits of 16 become 16-bit codes whose white is 65535."""
    return codes | codes >> np.uint16(bits) if codes.dtype == np.uint16 and bits < 16 else codes


def _decode(data: bytes, most_pixels: int, gain: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What the decoder told of the file, and the parts by their names."""
    require("pi_heif")
    seconds = seconds_for(len(data))
    command = [sys.executable, "-I", "-S", "-X", "utf8", str(DECODER), str(seconds + 1), str(most_pixels), gain, *sys.path]
    try:
        ended = subprocess.run(
            command,
            input=data,
            capture_output=True,
            timeout=seconds,
            check=False,
            env=child_environment(),
            creationflags=NO_WINDOW,
        )
    except subprocess.TimeoutExpired as error:
        raise HeifError(why(seconds)) from error
    except OSError as error:
        problem = f"The decoder of HEIC files could not be started with {sys.executable or 'no Python'} ({error.strerror})."
        raise WorkerError(problem, "Free some memory and try again, or save the photo as a JPEG, PNG or TIFF.") from error
    if ended.returncode:
        raise HeifError(f"the decoder crashed: {describe_exit(ended.returncode)}")
    first, _, rest = ended.stdout.partition(b"\n")
    told = json.loads(first)
    if "error" in told:
        raise HeifError(told["error"])
    parts, begin = {}, 0
    for name, (length, *_) in told.get("parts", {}).items():
        parts[name] = rest[begin : begin + length]
        begin += length
    return told, parts


def _array(told: dict[str, Any], name: str, parts: dict[str, bytes]) -> np.ndarray:
    length, height, width, columns, channels = told["parts"][name]
    deep = length == 2 * height * columns * channels
    return np.frombuffer(parts[name], np.uint16 if deep else np.uint8).reshape(height, columns, channels)[:, :width]
