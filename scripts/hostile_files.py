"""Hostile files for the decoder: every format damaged, bombs, odd sizes, profiles, EXIF, names, links, devices and pipes."""

from __future__ import annotations

import io
import os
import random
import struct
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from slow_jpeg import slow_jpeg  # noqa: E402

from hdr_core.rgbe import write_hdr  # noqa: E402

FORMATS = {"jpg": "JPEG", "png": "PNG", "tif": "TIFF", "webp": "WEBP", "gif": "GIF"}


def picture(kind: str, size: tuple[int, int] = (64, 32), **options: object) -> bytes:
    """A small photo in a format of Pillow."""
    pixels = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, data: bytes, *more: bytes) -> bytes:
    """A PNG whose header says what it likes."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def damaged() -> Iterator[tuple[str, bytes]]:
    """Every format, cut off and with flipped bits."""
    chance = random.Random(8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for suffix, kind in FORMATS.items():
        whole = picture(kind, **({} if kind == "GIF" else {"icc_profile": profile}))
        for part in range(20):
            yield f"cut {part:02}.{suffix}", whole[: 1 + len(whole) * part // 20]
        yield from flipped(suffix, whole, 35, chance)
    for suffix, whole in others().items():
        for part in range(10):
            yield f"cut {part:02}.{suffix}", whole[: 1 + len(whole) * part // 10]
        yield from flipped(suffix, whole, 15, chance)


def flipped(suffix: str, whole: bytes, count: int, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """A file with some of its bits flipped, every other time in its beginning."""
    for number in range(count):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 8, 64))):
            data[chance.randrange(min(len(data), 600 if number % 2 else len(data)))] ^= 1 << chance.randrange(8)
        yield f"flipped {number:02}.{suffix}", bytes(data)


def others() -> dict[str, bytes]:
    """Small pictures of the kinds that Pillow does not write, by suffix."""
    import OpenEXR
    import pillow_heif

    pixels = np.random.default_rng(7).integers(0, 256, (32, 64, 3), dtype=np.uint8)
    made, buffer = {}, io.BytesIO()
    np.save(buffer, pixels)
    made["npy"] = buffer.getvalue()
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(buffer, quality=90)
    made |= {"heic": buffer.getvalue(), "avif": picture("AVIF")}
    map_ = picture("JPEG", (16, 8))
    xmp = b'http://ns.adobe.com/xap/1.0/\0<x hdrgm:Version="1.0" hdrgm:GainMapMax="2"/>'
    map_ = map_[:2] + b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp + map_[2:]
    named = b'http://ns.adobe.com/xap/1.0/\0<x Item:Semantic="GainMap" Item:Length="%d"/>' % len(map_)
    base = picture("JPEG")
    made["ultra.jpg"] = base[:2] + b"\xff\xe1" + struct.pack(">H", len(named) + 2) + named + base[2:] + map_
    with tempfile.TemporaryDirectory() as folder:
        light = (pixels / 100).astype(np.float32)
        OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": light}).write(f"{folder}/a.exr")
        write_hdr(Path(folder) / "a.hdr", light, header={})
        made |= {suffix: (Path(folder) / f"a.{suffix}").read_bytes() for suffix in ("exr", "hdr")}
    return made


def odd() -> Iterator[tuple[str, bytes]]:
    """Bombs, sizes, suffixes, profiles, EXIF, and what is no picture."""
    rows = zlib.compress(bytes(301 * 100), 9)
    yield "bomb.png", png(2**31 - 1, 2**31 - 1, zlib.compress(bytes(10**7), 9))
    yield "bomb with little data.png", png(22000, 22000, rows)
    yield "short of rows.png", png(100, 200, rows)
    bomb = zlib.compress(bytes(2**28), 9)
    yield "profile bomb.png", png(100, 50, zlib.compress(bytes(301 * 50)), chunk(b"iCCP", b"p\0\0" + bomb))
    zeros = chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(999)))
    yield "profile of zeros.png", png(100, 50, zlib.compress(bytes(301 * 50)), zeros)
    yield "gamma 0.png", png(100, 50, zlib.compress(bytes(301 * 50)), chunk(b"gAMA", bytes(4)))
    yield "gamma of one.png", png(100, 50, zlib.compress(bytes(301 * 50)), chunk(b"gAMA", b"\0\0\0\1"))
    for size in ((1, 1), (2, 1), (1, 2), (100000, 1), (1, 65535), (3, 100000)):
        yield f"{size[0]} x {size[1]}.png", picture("PNG", size)
    for suffix in (*FORMATS, "exr", "npy", "heic", "dng"):
        yield f"empty.{suffix}", b""
        yield f"text.{suffix}", b"this is no picture\n" * 20
        yield f"zeros.{suffix}", bytes(4096)
        yield f"a jpeg.{suffix}", picture("JPEG")
    for name, values in (("nan", np.nan), ("infinite", np.inf), ("float", 0.5)):
        out = io.BytesIO()
        Image.fromarray(np.full((32, 64), values, np.float32)).save(out, "TIFF")
        yield f"{name}.tif", out.getvalue()
    yield from bombs()
    for number in range(12):
        exif = b"Exif\0\0" + random.Random(number).randbytes(40 * number)
        yield f"exif {number}.jpg", picture("JPEG", exif=exif)
    for number in range(12):
        profile = random.Random(number).randbytes(36) + b"acsp" + random.Random(number).randbytes(200)
        yield f"profile {number}.jpg", picture("JPEG", icc_profile=profile)
    beginnings = (b"\x93NUMPY", b"\x76\x2f\x31\x01", b"#?RADIANCE\n", b"PF\n", b"\0\0\0\x18ftypheic", b"II*\0")
    for number, magic in enumerate(beginnings):
        yield f"only the beginning {number}.bin", magic + random.Random(number).randbytes(64)


def bombs() -> Iterator[tuple[str, bytes]]:
    """Small files whose headers speak of terabytes."""
    whole = others()["exr"]
    for name, right, bottom in (("square", 2**20, 2**20), ("negative", -5, -5), ("long", 2**30, 31), ("large", 20000, 20000)):
        at = whole.index(b"dataWindow\0box2i\0") + 21
        yield f"bomb {name}.exr", whole[:at] + struct.pack("<4i", 0, 0, right, bottom) + whole[at + 16 :]
    for width, height in ((20000, 20000), (2**30, 2**30), (0, 5)):
        yield f"bomb {width} x {height}.hdr", b"#?RADIANCE\n\n-Y %d +X %d\n" % (height, width) + bytes(100)
        header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({height}, {width}, 3)}}"
        text = header.ljust(117).encode() + b"\n"
        yield f"bomb {width} x {height}.npy", b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text + bytes(100)
        tiff = bytearray(picture("TIFF"))
        for tag, value in ((256, width), (257, height)):
            at = tiff.index(struct.pack("<HH", tag, 4) + struct.pack("<I", 1)) if struct.pack("<HHI", tag, 4, 1) in tiff else -1
            if at >= 0:
                tiff[at + 8 : at + 12] = struct.pack("<I", value)
        yield f"bomb {width} x {height}.tif", bytes(tiff)
    for width, height in ((23000, 23000), (65500, 65500)):  # the first is just small enough to be decoded
        whole = bytearray(picture("JPEG"))
        at = whole.index(b"\xff\xc0") + 5
        whole[at : at + 4] = struct.pack(">HH", height, width)
        yield f"bomb {width} x {height}.jpg", bytes(whole)
        for suffix in ("heic", "avif"):
            whole = bytearray(others()[suffix])
            at = whole.index(b"ispe") + 8
            whole[at : at + 8] = struct.pack(">II", width, height)
            yield f"bomb {width} x {height}.{suffix}", bytes(whole)
    yield "thousands of scans.jpg", slow_jpeg(4000)
    yield "as many scans as may be.jpg", slow_jpeg(2000, 190)[:-30]


def names() -> list[str]:
    """Names of pictures that are sound."""
    plain = ["with 'quotes' and \"more\".jpg", "new\nline.jpg", "日本 🌞 ü.jpg", "-o.jpg", "%s %n {0}.jpg"]
    plain += ["$(touch x);`touch y`.jpg", " .jpg"]
    return [
        *plain,
        "a" * 240 + ".jpg",
        "deep/" * 60 + "down.jpg",
        os.fsdecode(b"not utf-8 \xff.jpg"),
        "tab\tbell\a.jpg",
        "con.jpg",
    ]


def make(folder: Path) -> list[Path]:
    """All of them, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, data in [*damaged(), *odd(), *((name, picture("JPEG")) for name in names())]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        made.append(path)
    links = {"link to nothing.jpg": "missing", "loop.jpg": "loop.jpg"}
    links |= {"link to null.jpg": os.devnull, "link to zero.jpg": "/dev/zero"}
    for name, target in links.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)
    (folder / "pipe.jpg").unlink(missing_ok=True)
    os.mkfifo(folder / "pipe.jpg")
    more = [folder, Path("/dev/zero"), Path("/dev/stdin"), folder / ("b" * 300 + ".jpg"), folder / "missing.jpg"]
    return [*made, *(folder / name for name in links), folder / "pipe.jpg", *more]
