"""Files as phones write them: HEIC with 8, 10 or 12 bits, JPEG and HEIC with a gain map."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image

APPLE = "urn:com:apple:photo:2020:aux:hdrgainmap"


def jpeg(pixels: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=100, subsampling=0, **options)
    return buffer.getvalue()


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def with_xmp(data: bytes, properties: str) -> bytes:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f"<rdf:Description {properties}/></rdf:RDF></x:xmpmeta>"
    )
    return data[:2] + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet.encode()) + data[2:]


def two_pictures(first: bytes, second: bytes) -> bytes:
    """A multi-picture file (CIPA DC-007)."""
    size = 4 + 2 + 12 + 4 + 32
    head = 2 + 4 + 4  # start of image; marker and size; "MPF\\0"
    whole = len(first) + 4 + 4 + 4 + size
    entries = struct.pack(">IIIHH", 0x030000, whole, 0, 0, 0) + struct.pack(">IIIHH", 0, len(second), whole - head, 0, 0)
    table = b"MM\0*" + struct.pack(">IHHHIII", 8, 1, 0xB002, 7, 32, 26, 0) + entries
    return first[:2] + segment(0xE2, b"MPF\0" + table) + first[2:] + second


def apple_exif(notes: dict[int, tuple[int, int]], *, orientation: int = 1) -> bytes:
    """EXIF data with Apple's maker note, which holds signed rationals."""
    body = b""
    entries = b""
    place = 16 + 12 * len(notes) + 4
    for tag, pairs in sorted(notes.items()):
        numbers = struct.pack(f">{len(pairs)}i", *pairs)
        entries += struct.pack(">HHII", tag, 10, len(pairs) // 2, place + len(body))
        body += numbers
    note = b"Apple iOS\0\0\x01MM" + struct.pack(">H", len(notes)) + entries + bytes(4) + body
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8769)[0x927C] = note
    return exif.tobytes()


def heic(path: Path, pixels: np.ndarray, *, bits: int = 8, color: dict[str, int] | None = None, **info: object) -> Path:
    """Lossless."""
    pillow_heif.options.SAVE_HDR_TO_12_BIT = bits == 12
    mode = "RGB" if bits == 8 else "RGB;16"
    file = pillow_heif.from_bytes(mode, pixels.shape[1::-1], np.ascontiguousarray(pixels).tobytes())
    file[0].info.update(info)
    file.save(path, quality=-1, chroma=444, matrix_coefficients=0, **(color or {}))
    return path


def heic_with_gain(path: Path, pixels: np.ndarray, map_: np.ndarray, exif: bytes) -> Path:
    """A HEIC file whose second picture is made the first one's auxiliary, Apple's gain map."""
    file = pillow_heif.from_bytes("RGB", pixels.shape[1::-1], np.ascontiguousarray(pixels).tobytes())
    file[0].info["exif"] = exif
    file.add_frombytes("L", map_.shape[1::-1], np.ascontiguousarray(map_).tobytes())
    file.save(path, quality=-1, chroma=444, matrix_coefficients=0)
    path.write_bytes(_second_made_auxiliary(path.read_bytes()))
    return path


def heic_with_iso_gain(path: Path, pixels: np.ndarray, map_: np.ndarray, metadata: bytes, primaries: int = 1) -> Path:
    """A HEIC file with a gain map by ISO 21496-1: its second picture, hidden, and an item "tmap" made of both.

    pixels: uint8, or uint16 for 10 bits. metadata: what the item holds after its version; primaries: of what it leads to.
    """
    deep = pixels.dtype == np.uint16
    pillow_heif.options.SAVE_HDR_TO_12_BIT = False
    file = pillow_heif.from_bytes("RGB;16" if deep else "RGB", pixels.shape[1::-1], np.ascontiguousarray(pixels).tobytes())
    mode = "RGB" if map_.ndim == 3 else "L"
    file.add_frombytes(mode, map_.shape[1::-1], np.ascontiguousarray(map_).tobytes())
    file.save(path, quality=-1, chroma=444, matrix_coefficients=0)
    path.write_bytes(_with_derived(path.read_bytes(), b"\0" + metadata, primaries))
    return path


def _with_derived(data: bytes, content: bytes, primaries: int) -> bytes:
    parts, ids = _parts(data)
    new = max(ids) + 1
    iinf = bytearray(parts[b"iinf"])
    for kind, (begin, _) in _boxes(iinf, 14, len(iinf)):
        if kind == b"infe" and struct.unpack_from(">H", iinf, begin + 12)[0] == ids[1]:
            iinf[begin + 11] |= 1
    (count,) = struct.unpack_from(">H", iinf, 12)
    entry = _box(b"infe", struct.pack(">BxxxHH4sx", 2, new, 0, b"tmap"))
    parts[b"iinf"] = _box(b"iinf", iinf[8:12] + struct.pack(">H", count + 1) + iinf[14:] + entry)
    _refer(parts, b"dimg", new, *ids)
    colours = _box(b"colr", b"nclx" + struct.pack(">HHHB", primaries, 16, 0, 0x80))
    ipco, ipma, number = _properties(parts, colours)
    ipma = ipma[:12] + struct.pack(">I", struct.unpack_from(">I", ipma, 12)[0] + 1) + ipma[16:]
    parts[b"iprp"] = _box(b"iprp", ipco + _box(b"ipma", ipma[8:] + struct.pack(">HBB", new, 1, number)))
    iloc = parts[b"iloc"]
    offset_size, length_size, base_size = iloc[12] >> 4, iloc[12] & 15, iloc[13] >> 4
    (count,) = struct.unpack_from(">H", iloc, 14)
    entry = struct.pack(">H", new) + bytes(4 if iloc[8] else 2) + bytes(base_size) + struct.pack(">H", 1)
    where = len(data) + 8  # behind all else, in a box of its own
    entry += where.to_bytes(offset_size, "big") + len(content).to_bytes(length_size, "big")
    parts[b"iloc"] = _box(b"iloc", iloc[8:14] + struct.pack(">H", count + 1) + iloc[16:] + entry)
    return _joined(data, parts) + _box(b"mdat", content)


def _second_made_auxiliary(data: bytes) -> bytes:
    """Adds the property auxC and the reference auxl in the file's meta box, and moves what lies behind it."""
    parts, ids = _parts(data)
    ipco, ipma, count = _properties(parts, _box(b"auxC", bytes(4) + APPLE.encode() + b"\0"))
    at, number = _items(ipma)[1]
    ipma = ipma[:at] + bytes([number + 1]) + ipma[at + 1 : at + 1 + number] + bytes([count]) + ipma[at + 1 + number :]
    parts[b"iprp"] = _box(b"iprp", ipco + _box(b"ipma", ipma[8:]))
    _refer(parts, b"auxl", ids[1], ids[0])
    return _joined(data, parts)


def _parts(data: bytes) -> tuple[dict[bytes, bytes], list[int]]:
    """The boxes in a file's meta box, and the numbers of its first two items."""
    start, end = dict(_boxes(data, 0, len(data)))[b"meta"]
    parts = {name: data[first:last] for name, (first, last) in _boxes(data, start + 12, end)}
    _, ipma, _ = _properties(parts, b"")
    return parts, [struct.unpack_from(">H", ipma, place - 2)[0] for place, _ in _items(ipma)]


def _properties(parts: dict[bytes, bytes], new: bytes) -> tuple[bytes, bytes, int]:
    """The boxes ipco, with one property more, and ipma; and the new one's number."""
    properties = dict(_boxes(parts[b"iprp"], 8, len(parts[b"iprp"])))
    ipco, ipma = (parts[b"iprp"][slice(*properties[name])] for name in (b"ipco", b"ipma"))
    return _box(b"ipco", ipco[8:] + new), ipma, len(list(_boxes(ipco, 8, len(ipco)))) + 1


def _refer(parts: dict[bytes, bytes], kind: bytes, item: int, *to: int) -> None:
    before = parts.get(b"iref", _box(b"iref", bytes(4)))
    parts[b"iref"] = _box(b"iref", before[8:] + _box(kind, struct.pack(f">HH{len(to)}H", item, len(to), *to)))


def _joined(data: bytes, parts: dict[bytes, bytes]) -> bytes:
    """The file with these boxes in its meta box, all else where it then lies."""
    start, end = dict(_boxes(data, 0, len(data)))[b"meta"]
    grown = sum(map(len, parts.values())) - (end - start - 12)
    parts[b"iloc"] = _moved(parts[b"iloc"], grown)
    return data[:start] + _box(b"meta", data[start + 8 : start + 12] + b"".join(parts.values())) + data[end:]


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    while at < end:
        size, name = struct.unpack_from(">I4s", data, at)
        yield name, (at, at + size)
        at += size


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, name) + content


def _items(ipma: bytes) -> list[tuple[int, int]]:
    """Of each item: where the number of its properties stands, and the number."""
    assert ipma[8:12] == bytes(4)  # version 0, one byte a property
    (count,) = struct.unpack_from(">I", ipma, 12)
    at, found = 16, []
    for _ in range(count):
        found.append((at + 2, ipma[at + 2]))
        at += 3 + ipma[at + 2]
    return found[:2]


def _moved(iloc: bytes, by: int) -> bytes:
    """Offsets into the file, of version 0 or 1 with 4 bytes each, moved; those into the meta box's own data stay."""
    moved, version = bytearray(iloc), iloc[8]
    assert version in {0, 1}
    offset_size, base_size = iloc[12] >> 4, iloc[13] >> 4
    (count,) = struct.unpack_from(">H", iloc, 14)
    at = 16
    for _ in range(count):
        method = iloc[at + 3] & 15 if version == 1 else 0
        at += 4 if version == 0 else 6
        at += base_size
        (extents,) = struct.unpack_from(">H", iloc, at)
        at += 2
        for _ in range(extents):
            if method == 0:
                (offset,) = struct.unpack_from(">I", iloc, at)
                struct.pack_into(">I", moved, at, offset + by)
            at += offset_size + (iloc[12] & 15)
    return bytes(moved)
