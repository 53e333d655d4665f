"""The gain map of an AVIF or HEIC file by ISO 21496-1: a derived item "tmap", made of the picture and its map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .heif import decode_map, full_range
from .icc import parse_profile
from .isobmff import Items, read_items
from .nclx import numbers_of, profile
from .runtime import require

if TYPE_CHECKING:
    import numpy as np

    from .gain_map import GainMap, Matrix

_MOST_PIXELS = 2**27  # of a map, which is no larger than its picture


def read_gain_map(path: Path, *, heic: bool) -> GainMap | None:
    """None where the file has none, or none that makes sense: then the picture itself is still what it was.

    heic: the map is decoded by libheif, else by libvips. It stands upright, as the picture does.
    """
    items = read_items(path)
    if items is None:
        return None
    for item, kind in items.kinds.items():
        parts = items.made_of.get(item, ())
        if kind == b"tmap" and len(parts) == 2 and parts[0] == items.primary:
            found = _mapped(path, items, item, parts[1], heic)
            if found is not None:
                return found
    return None


def _mapped(path: Path, items: Items, item: int, map_item: int, heic: bool) -> GainMap | None:
    from .gain_map import from_iso, in_colours, uses_base_colours

    content = items.content(path, item)
    if content[:1] != b"\0":  # the version
        return None
    size = next((data[4:12] for kind, data in items.properties.get(map_item, ()) if kind == b"ispe"), b"")
    if len(size) != 8 or not 0 < int.from_bytes(size[:4], "big") * int.from_bytes(size[4:], "big") <= _MOST_PIXELS:
        return None
    shown = items.shown_first(path.read_bytes(), map_item)
    if shown is None:
        return None
    pixels = decode_map(shown, _MOST_PIXELS) if heic else _by_libvips(shown)
    gain = from_iso(pixels, content[1:], "ISO 21496-1") if pixels is not None else None
    if gain is None:
        return None
    matrix = _colours(items, items.primary if uses_base_colours(content[1:]) else item)
    return in_colours(gain, matrix) if matrix is not None else gain


def _by_libvips(data: bytes) -> np.ndarray | None:
    pyvips = require("pyvips")
    try:
        image = pyvips.Image.heifload_buffer(data)
        if image.width * image.height > _MOST_PIXELS or image.format not in {"uchar", "ushort"}:
            return None
        pixels = image.numpy().reshape(image.height, image.width, image.bands)
    except (pyvips.Error, UnicodeDecodeError):
        return None
    bits = image.get("bits-per-sample") if image.get_typeof("bits-per-sample") else 16
    return full_range(pixels[..., : 3 if image.bands > 2 else 1], bits)


def _colours(items: Items, item: int) -> Matrix | None:
    """From an item's linear colours to Rec.709's; None where these are the same, or nothing is known."""
    for kind, data in items.properties.get(item, ()):
        if kind == b"colr" and data[:4] in {b"prof", b"rICC"}:
            try:
                return parse_profile(data[4:]).to_rec709
            except ValueError:
                return None
    numbers = numbers_of(items, item)
    known = profile(numbers[0]) if numbers is not None else None
    return known.to_rec709 if known is not None else None
