"""Radiance .hdr files (RGBE), written atomically; `hdr_file` reads them. numpy only.

The libvips of pyvips-binary has no Radiance support, hence this. Values are rounded to the nearest that Blender and most
programs will read, so that on the whole no light is lost (Radiance's own programs add half a step, a quarter of a percent).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from .atomic import replacing
from .version import SOFTWARE

if TYPE_CHECKING:
    import numpy as np

_MAGIC = b"#?RADIANCE\n"
_ROWS = 256  # a band of rows at a time keeps the copies small beside the picture
_NARROWEST, _WIDEST = 8, 32767  # pixels in a row that can be packed
_RUN, _DUMP = 127, 128  # bytes at most


def write_hdr(path: Path, radiance: np.ndarray, *, header: Mapping[str, str], overwrite: bool = False) -> None:
    """Write linear Rec.709 radiance, (H, W, 3) float32, finite and not negative, whole or not at all; always the same bytes.

    header: lines of text, such as {"software": f"{SOFTWARE} 1.0"}. Raises OutputError, as `write_exr`.
    """
    height, width = radiance.shape[:2]
    lines = "".join(
        f"{name.upper() if name == 'software' else name}={' '.join(text.split())}\n" for name, text in header.items()
    )
    with replacing(Path(path), overwrite=overwrite) as file:
        file.write(_MAGIC + lines.encode("ascii", "replace"))
        file.write(f"FORMAT=32-bit_rle_rgbe\n\n-Y {height} +X {width}\n".encode("ascii"))
        for top in range(0, height, _ROWS):
            for row in encode_rgbe(radiance[top : top + _ROWS]):
                _write_row(file, row)


def encode_rgbe(radiance: np.ndarray) -> np.ndarray:
    """(..., 3) float32 to (..., 4) uint8: three mantissas, and the exponent that they share."""
    import numpy as np

    peak = radiance.max(-1)
    _, exponent = np.frexp(peak)
    exponent = np.where(np.rint(np.ldexp(peak, 8 - exponent)) > 255, exponent + 1, exponent)  # rounded up to a power of two
    scaled = np.rint(np.ldexp(radiance, 8 - exponent[..., None]))
    out = np.concatenate([scaled, exponent[..., None] + 128], -1).clip(0, 255).astype(np.uint8)
    out[(peak < 1e-38) | (out[..., :3].max(-1) == 0)] = 0
    return out


def is_our_hdr(path: Path) -> bool:
    """Whether `path` is a Radiance file whose header says that this software wrote it. Anything else is False."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return False
    return start.startswith(_MAGIC) and f"\nSOFTWARE={SOFTWARE} ".encode("ascii") in start.partition(b"\n\n")[0]


def _write_row(file: BinaryIO, row: np.ndarray) -> None:
    """A row, (W, 4) uint8, packed channel by channel where the format allows."""
    width = len(row)
    if not _NARROWEST <= width <= _WIDEST:
        file.write(row.tobytes())
        return
    file.write(bytes((2, 2, width >> 8, width & 255)) + b"".join(_packed(row[:, channel].copy()) for channel in range(4)))


def _packed(values: np.ndarray) -> bytes:
    """Runs of four or more equal bytes as (128 + count, byte), the rest as (count, bytes)."""
    import numpy as np

    edges = np.flatnonzero(np.diff(values)) + 1
    starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(values)]])
    long = ends - starts >= 4
    data, out, at = values.tobytes(), bytearray(), 0
    for start, end in zip(starts[long].tolist(), ends[long].tolist(), strict=True):
        _dump(out, data[at:start])
        at = start
        while at < end:
            count = min(end - at, _RUN)
            out += bytes((128 + count, data[start]))
            at += count
    _dump(out, data[at:])
    return bytes(out)


def _dump(out: bytearray, data: bytes) -> None:
    for at in range(0, len(data), _DUMP):
        part = data[at : at + _DUMP]
        out.append(len(part))
        out += part
