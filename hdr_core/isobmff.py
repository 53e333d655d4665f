"""The items of a HEIC or AVIF file: what each is, what it is made of, and what is said of it (ISO 14496-12, 23008-12).

Only what libheif and libvips do not tell is read here. Nothing in a file is believed: sizes are checked against what there is,
and numbers of things against what a photo has.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_MOST_BOXES = 64  # of a file's own, until the one with the items
_MOST_META = 2**24  # bytes
_MOST_ITEMS = 2**14
_MOST_PAYLOAD = 2**16
_HIDDEN = 1


@dataclass(frozen=True)
class Box:
    """kind: four letters; begin, end: of its content, from the beginning of what it was read from."""

    kind: bytes
    begin: int
    end: int


@dataclass(frozen=True)
class Items:
    """The items of a file, by their numbers.

    kinds: four letters each. made_of: of a derived item, the items that it is made of, in order. properties: of each, pairs of
    a kind and its content. Private: where in the file things stand that `shown_first` changes, and where contents lie.
    """

    primary: int
    kinds: dict[int, bytes] = field(default_factory=dict)
    made_of: dict[int, tuple[int, ...]] = field(default_factory=dict)
    properties: dict[int, tuple[tuple[bytes, bytes], ...]] = field(default_factory=dict)
    _primary_at: tuple[int, int] = (0, 0)  # place, bytes
    _flags_at: dict[int, int] = field(default_factory=dict)
    _pieces: dict[int, tuple[bool, tuple[tuple[int, int], ...]]] = field(default_factory=dict)  # in the file's own box of data?
    _data_at: int = 0

    def content(self, path: Path, item: int) -> bytes:
        """What an item holds; empty where it is nowhere, or too large to be anything but pixels."""
        inside, pieces = self._pieces.get(item, (False, ()))
        if sum(size for _, size in pieces) > _MOST_PAYLOAD:
            return b""
        with path.open("rb") as file:
            found = b""
            for offset, size in pieces:
                file.seek(offset + (self._data_at if inside else 0))
                found += file.read(size)
        return found

    def shown_first(self, data: bytes, item: int) -> bytes | None:
        """The file's bytes, in which `item` is the picture that programs show; None where its number has no room."""
        changed = bytearray(data)
        place, size = self._primary_at
        if item >= 256**size or max(place + size, self._flags_at.get(item, 0) + 1) > len(changed):
            return None
        changed[place : place + size] = item.to_bytes(size, "big")
        if item in self._flags_at:
            changed[self._flags_at[item]] &= ~_HIDDEN
        return bytes(changed)


def read_items(path: Path) -> Items | None:
    """None where there are none, or where they make no sense."""
    try:
        with path.open("rb") as file:
            found = _meta_box(file)
    except OSError:
        return None
    if found is None:
        return None
    start, data = found
    try:
        return _items(data, start)
    except (struct.error, IndexError, ValueError):
        return None


def _meta_box(file: object) -> tuple[int, bytes] | None:
    """Where the content of a file's box "meta" begins, and the content."""
    at = 0
    for _ in range(_MOST_BOXES):
        file.seek(at)  # type: ignore[attr-defined]
        head = file.read(16)  # type: ignore[attr-defined]
        if len(head) < 8:
            return None
        size, kind = struct.unpack_from(">I4s", head)
        begin = 8
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack_from(">Q", head, 8)
            begin = 16
        if kind == b"meta":
            if not begin + 4 <= size <= _MOST_META:
                return None
            file.seek(at + begin)  # type: ignore[attr-defined]
            return at + begin, file.read(size - begin)  # type: ignore[attr-defined]
        if size < begin or at + size > 2**62:
            return None
        at += size
    return None


def _boxes(data: bytes, at: int, end: int) -> Iterator[Box]:
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        if not 8 <= size <= end - at:
            return
        yield Box(kind, at + 8, at + size)
        at += size


def _items(data: bytes, start: int) -> Items | None:
    """data: the content of the box "meta", which lies at `start` in the file."""
    boxes = {box.kind: box for box in _boxes(data, 4, len(data))}
    if b"pitm" not in boxes:
        return None
    place = boxes[b"pitm"].begin
    wide = data[place] > 0
    primary = _number(data, place + 4, 4 if wide else 2)
    kinds, flags_at = _kinds(data, boxes[b"iinf"], start) if b"iinf" in boxes else ({}, {})
    inside = boxes.get(b"idat")
    return Items(
        primary,
        kinds,
        _made_of(data, boxes[b"iref"]) if b"iref" in boxes else {},
        _properties(data, boxes[b"iprp"]) if b"iprp" in boxes else {},
        (start + place + 4, 4 if wide else 2),
        flags_at,
        _pieces(data, boxes[b"iloc"]) if b"iloc" in boxes else {},
        start + inside.begin if inside is not None else 0,
    )


def _number(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise ValueError("it ends too early")
    return int.from_bytes(data[at : at + size], "big")


def _kinds(data: bytes, box: Box, start: int) -> tuple[dict[int, bytes], dict[int, int]]:
    kinds: dict[int, bytes] = {}
    flags_at: dict[int, int] = {}
    for entry in _boxes(data, box.begin + (6 if data[box.begin] == 0 else 8), box.end):
        version = data[entry.begin]
        if entry.kind != b"infe" or version < 2 or len(kinds) >= _MOST_ITEMS:
            continue
        size = 2 if version == 2 else 4
        item = _number(data, entry.begin + 4, size)
        kinds[item] = data[entry.begin + 6 + size : entry.begin + 10 + size]
        flags_at[item] = start + entry.begin + 3
    return kinds, flags_at


def _made_of(data: bytes, box: Box) -> dict[int, tuple[int, ...]]:
    size = 2 if data[box.begin] == 0 else 4
    made: dict[int, tuple[int, ...]] = {}
    for entry in _boxes(data, box.begin + 4, box.end):
        if entry.kind == b"dimg" and len(made) < _MOST_ITEMS:
            count = _number(data, entry.begin + size, 2)
            first = entry.begin + size + 2
            made[_number(data, entry.begin, size)] = tuple(_number(data, first + size * at, size) for at in range(count))
    return made


def _properties(data: bytes, box: Box) -> dict[int, tuple[tuple[bytes, bytes], ...]]:
    parts = list(_boxes(data, box.begin, box.end))
    there: list[tuple[bytes, bytes]] = []
    for part in parts:
        if part.kind == b"ipco":
            there += [(each.kind, data[each.begin : each.end]) for each in _boxes(data, part.begin, part.end)]
    found: dict[int, tuple[tuple[bytes, bytes], ...]] = {}
    for part in parts:
        if part.kind != b"ipma":
            continue
        version, wide = data[part.begin], data[part.begin + 3] & 1
        size, step, at = 2 if version == 0 else 4, 1 + wide, part.begin + 8
        for _ in range(min(_number(data, part.begin + 4, 4), _MOST_ITEMS)):
            item, count = _number(data, at, size), _number(data, at + size, 1)
            at += size + 1
            indices = (_number(data, at + step * each, step) & (0x7FFF if wide else 0x7F) for each in range(count))
            found[item] = tuple(there[index - 1] for index in indices if 1 <= index <= len(there))
            at += step * count
    return found


def _pieces(data: bytes, box: Box) -> dict[int, tuple[bool, tuple[tuple[int, int], ...]]]:
    """Of each item: whether it lies in the box "idat", and its pieces, (offset, size) each."""
    version, at = data[box.begin], box.begin + 6
    offset_size, length_size = data[box.begin + 4] >> 4, data[box.begin + 4] & 15
    base_size, index_size = data[box.begin + 5] >> 4, data[box.begin + 5] & 15 if version else 0
    if max(offset_size, length_size, base_size, index_size) > 8:
        raise ValueError("sizes of more than eight bytes")
    wide = 4 if version == 2 else 2
    found = {}
    count = _number(data, at, wide)
    at += wide
    for _ in range(min(count, _MOST_ITEMS)):
        item = _number(data, at, wide)
        at += wide
        method = _number(data, at, 2) & 15 if version else 0
        at += 4 if version else 2
        base = _number(data, at, base_size)
        extents = _number(data, at + base_size, 2)
        at += base_size + 2
        step = index_size + offset_size + length_size
        if at + extents * step > box.end:
            raise ValueError("more pieces than fit")
        pieces = []
        for first in range(at + index_size, at + index_size + extents * step, step or 1):
            pieces.append((base + _number(data, first, offset_size), _number(data, first + offset_size, length_size)))
        at += extents * step
        if method < 2:
            found[item] = (method == 1, tuple(pieces))
    return found
