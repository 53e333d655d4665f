"""The gain map that lies behind the picture of a JPEG file: Ultra HDR (Adobe's and Google's XMP, ISO 21496-1), and Apple's."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .icc import parse_profile
from .jpeg import MOST_SCANS, scans
from .runtime import require

if TYPE_CHECKING:
    from .gain_map import GainMap, Matrix

_XMP, _ISO, _MPF = b"http://ns.adobe.com/xap/1.0/\0", b"urn:iso:std:iso:ts:21496:-1\0", b"MPF\0"
_APPLE = "urn:com:apple:photo:2020:aux:hdrgainmap"
_ICC = "icc-profile-data"
_START = b"\xff\xd8\xff"
_MOST_IMAGES = 100
_MOST_XMP = 2**16  # characters that are searched
_MOST_PIXELS = 2**27  # of a map, which is no larger than its picture


@dataclass(frozen=True)
class _Parts:
    """What stands before the pixels of one JPEG picture. mpf: where the file's list of pictures begins, and its bytes."""

    xmp: str = ""
    iso: bytes = b""
    mpf: tuple[int, bytes] | None = None


def read_gain_map(path: Path, headroom: float | None, to_rec709: Matrix = ()) -> GainMap | None:
    """None where the file has none, or none that makes sense.

    headroom: in stops, by Apple's notes. to_rec709: from the picture's own linear colours, see `Decoded`.

    A gain map is light beyond the picture: where it is damaged, the picture itself is still what it was.
    """
    data = path.read_bytes()
    first = _parts(data)
    for picture in _others(data, first):
        found = _as_gain_map(picture, headroom, to_rec709)
        if found is not None:
            return found
    return None


def _as_gain_map(picture: bytes, headroom: float | None, to_rec709: Matrix) -> GainMap | None:
    from .gain_map import from_apple, from_iso, from_xmp, in_colours, uses_base_colours

    parts = _parts(picture)
    apple = _APPLE in parts.xmp
    if not (apple or "hdrgm:" in parts.xmp or len(parts.iso) > 4) or scans(picture) > MOST_SCANS:
        return None
    pyvips = require("pyvips")
    try:
        image = pyvips.Image.jpegload_buffer(picture)
        if image.width * image.height > _MOST_PIXELS:
            return None
        pixels = image.numpy().reshape(image.height, image.width, image.bands)
    except pyvips.Error:
        return None
    if image.bands not in {1, 3}:
        return None
    if apple:
        named = re.search(r"""HDRGainMapHeadroom(?:\s*=\s*["']|>)\s*([\d.]+)""", parts.xmp)
        stops = _stops(named[1]) if named else headroom
        return from_apple(pixels, stops) if stops is not None else None
    found = from_xmp(pixels, parts.xmp) if "hdrgm:" in parts.xmp else None
    if found is None:
        found = from_iso(pixels, parts.iso)
        if not uses_base_colours(parts.iso):
            to_rec709 = _colours(bytes(image.get(_ICC))) if image.get_typeof(_ICC) else ()
    return in_colours(found, to_rec709) if found is not None and to_rec709 else found


def _colours(icc: bytes) -> Matrix:
    """Of what the map leads to, which its own profile names."""
    try:
        return parse_profile(icc).to_rec709
    except ValueError:
        return ()


def _stops(ratio: str) -> float | None:
    import math

    try:
        return math.log2(float(ratio))
    except ValueError:
        return None


def _segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(marker, where its content begins, content) of each segment before the pixels."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:
            return
        yield marker, at + 4, data[at + 4 : at + 2 + size]
        at += 2 + size


def _parts(data: bytes) -> _Parts:
    xmp, iso, mpf = "", b"", None
    for marker, place, content in _segments(data):
        if marker == 0xE1 and content.startswith(_XMP):
            xmp = (xmp + content[len(_XMP) :].decode("utf-8", "replace"))[:_MOST_XMP]
        elif marker == 0xE2 and content.startswith(_ISO):
            iso = content[len(_ISO) :]
        elif marker == 0xE2 and content.startswith(_MPF):
            mpf = (place + len(_MPF), content[len(_MPF) :])
    return _Parts(xmp, iso, mpf)


def _others(data: bytes, first: _Parts) -> Iterator[bytes]:
    """The other pictures in the file: those that its list names, else the last one that a container's XMP tells the size of."""
    if first.mpf is not None:
        begin, table = first.mpf
        for size, offset in _listed(table):
            picture = data[begin + offset : begin + offset + size]
            if offset and picture.startswith(_START):
                yield picture
    elif found := re.search(r"""Semantic\s*=\s*["']GainMap["'][^>]*?Length\s*=\s*["'](\d{1,12})\b""", first.xmp):
        picture = data[-int(found[1]) :]
        if picture.startswith(_START):
            yield picture


def _listed(table: bytes) -> list[tuple[int, int]]:
    """(size, offset) of every picture in the list of a multi-picture file."""
    try:
        order = "<" if table[:2] == b"II" else ">"
        (directory,) = struct.unpack_from(order + "I", table, 4)
        (count,) = struct.unpack_from(order + "H", table, directory)
        for index in range(count):
            tag, _, length, place = struct.unpack_from(order + "HHII", table, directory + 2 + 12 * index)
            if tag == 0xB002:
                entries = range(min(length // 16, _MOST_IMAGES))
                return [struct.unpack_from(order + "4xII", table, place + 16 * entry) for entry in entries]
    except struct.error:
        pass
    return []
