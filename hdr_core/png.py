"""What a PNG file says of its colours. libpng drops a colour profile that it finds fault with; a wrong colour is no answer."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

_WANTED = {b"iCCP", b"sRGB", b"gAMA", b"cICP"}
_MAX_PROFILE = 2**26
_MOST_CHUNKS = 100_000  # before the pixels; programs write a dozen
_HDR_TRANSFERS = {16, 18}  # PQ and HLG
_USUAL_GAMMA = (0.44, 0.47)  # 1/2.2 and its roundings, which programs write when they mean sRGB


def colour_chunks(path: Path) -> dict[bytes, bytes]:
    """The contents of the chunks that tell of colour, by name. They stand before the pixels; the rest is not read."""
    chunks = {}
    with path.open("rb") as file:
        file.seek(8)
        for _ in range(_MOST_CHUNKS):
            if len(head := file.read(8)) < 8:
                break
            size, name = struct.unpack(">I4s", head)
            if name in {b"IDAT", b"IEND"}:
                break
            if name in _WANTED and size <= _MAX_PROFILE:
                chunks[name] = file.read(size)
                file.seek(4, 1)
            else:
                file.seek(size + 4, 1)
    return chunks


def is_hdr(chunks: dict[bytes, bytes]) -> bool:
    """Whether code values are those of an HDR display."""
    return chunks.get(b"cICP", b"\0\0")[1:2] in {bytes([transfer]) for transfer in _HDR_TRANSFERS}


def icc_data(chunks: dict[bytes, bytes]) -> bytes | None:
    """The embedded colour profile, None if there is none. Raises ValueError when it cannot be unpacked."""
    if b"iCCP" not in chunks:
        return None
    packed = chunks[b"iCCP"].partition(b"\0")[2][1:]
    try:
        return zlib.decompressobj().decompress(packed, _MAX_PROFILE)
    except zlib.error as error:
        raise ValueError(str(error)) from error


def unusual_gamma(chunks: dict[bytes, bytes]) -> float | None:
    """The exponent that decodes the code values, where the file names one that is not sRGB's."""
    data = chunks.get(b"gAMA", b"")
    if b"sRGB" in chunks or b"iCCP" in chunks or len(data) != 4:
        return None
    encoding = int.from_bytes(data, "big") / 100000
    return None if encoding <= 0 or _USUAL_GAMMA[0] <= encoding <= _USUAL_GAMMA[1] else 1 / encoding
