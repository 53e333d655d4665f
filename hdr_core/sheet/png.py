"""PNG files by the standard library alone: for what cannot have pyvips or Pillow, and so that the file says who made it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from ..version import SOFTWARE, __version__

_MAGIC = b"\x89PNG\r\n\x1a\n"
_RENDERING_INTENT = b"\0"


def encode_png(picture: np.ndarray) -> bytes:
    """(H, W, 3) uint8 sRGB as a PNG file that names this software; the same picture gives the same bytes."""
    height, width = picture.shape[:2]
    rows = picture.reshape(height, -1)
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    filtered = np.hstack([np.full((height, 1), 2, np.uint8), rows - above])  # 2: each row less the one above
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"sRGB", _RENDERING_INTENT),
        (b"tEXt", b"Software\0" + f"{SOFTWARE} {__version__}".encode("latin-1")),
        (b"IDAT", zlib.compress(filtered.tobytes(), 6)),
        (b"IEND", b""),
    )
    return _MAGIC + b"".join(_chunk(name, data) for name, data in chunks)


def is_our_png(path: Path) -> bool:
    """Whether `path` is a PNG file that says that this software wrote it. Anything else is False."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            start = file.read(256)
    except OSError:
        return False
    return start.startswith(_MAGIC) and b"tEXtSoftware\0" + f"{SOFTWARE} ".encode("latin-1") in start


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
