"""Sound inputs of every kind that is fuzzed: what the fuzzer starts from, so that it gets past the first check."""

from __future__ import annotations

import io
import json
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "core"), str(ROOT / "scripts")]

import avif_files  # noqa: E402
import phone_files  # noqa: E402
from hostile_files import chunk, picture, png  # noqa: E402

from hdr_core.settings import ConvertSettings  # noqa: E402

_CODES = np.random.default_rng(3).integers(0, 256, (8, 12, 3), dtype=np.uint8)
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_XMP = (
    '<x:xmpmeta><rdf:Description GPano:ProjectionType="equirectangular" GPano:FullPanoWidthPixels="96" '
    'GPano:FullPanoHeightPixels="48" GPano:CroppedAreaImageWidthPixels="48" GPano:CroppedAreaImageHeightPixels="32" '
    'GPano:CroppedAreaLeftPixels="0" GPano:CroppedAreaTopPixels="8" GPano:PosePitchDegrees="1/2" GPano:PoseRollDegrees="3" '
    'drone-dji:GimbalPitchDegree="-30" drone-dji:GimbalRollDegree="2"/></x:xmpmeta>'
)
_GAIN = 'xmlns:hdrgm="x" hdrgm:Version="1.0" hdrgm:GainMapMax="2.5" hdrgm:GainMapMin="0" hdrgm:Gamma="1" hdrgm:OffsetSDR="0.02"'


def seeds(target: str) -> list[bytes]:
    """Of one target of targets.py; none where there is nothing that it should begin with."""
    return list(_SEEDS[target]()) if target in _SEEDS else []


def _png() -> Iterator[bytes]:
    rows = zlib.compress(bytes(37 * 8))
    packed = b"p\0\0" + zlib.compress(_SRGB)
    yield png(12, 8, rows, chunk(b"iCCP", packed))
    yield png(12, 8, rows, chunk(b"gAMA", struct.pack(">I", 100000)), chunk(b"cICP", b"\x09\x10\0\1"))


def _icc() -> Iterator[bytes]:
    yield _SRGB
    for curve in (struct.pack(">4sIIH", b"curv", 0, 1, 563), struct.pack(">4sIH2x5i", b"para", 0, 3, 157286, *([60000] * 4))):
        yield _profile(b"RGB ", {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve})
        yield _profile(b"GRAY", {b"kTRC": curve})


def _profile(space: bytes, curves: dict[bytes, bytes]) -> bytes:
    columns = ((0.436, 0.222, 0.014), (0.385, 0.717, 0.097), (0.143, 0.061, 0.714))
    tags = dict(curves)
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True):
        tags[name] = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * number) for number in column))
    tags[b"desc"] = struct.pack(">4sII", b"desc", 0, 5) + b"name\0"
    table, body, begin = b"", b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, begin + len(body), len(data))
        body += data
    return (bytes(16) + space + bytes(16) + b"acsp").ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _tags() -> Iterator[bytes]:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0110] = 6, "Maker", "Model"
    exif.get_ifd(0x8769).update({0x829A: 0.01, 0x829D: 2.8, 0x8827: 100, 0xA405: 28, 0xA434: "a fisheye", 0x920A: 4.2})
    exif.get_ifd(0x8769).update({0xA20E: 3000.0, 0xA210: 2, 0xA002: 4000, 0xA401: 6})
    yield exif.tobytes() + b"\0|XMP|\0" + _XMP.encode()
    notes = {0x08: (0, 1, -1, 1, 0, 1), 0x21: (3, 2), 0x30: (1, 100)}
    yield phone_files.apple_exif(notes, orientation=6) + b"\0|XMP|\0" + _XMP.replace("equirect", "cylind").encode()


def _gain_jpeg() -> Iterator[bytes]:
    first, second = phone_files.jpeg(_CODES), phone_files.jpeg(_CODES[:4, :6])
    iso = second[:2] + phone_files.segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + next(_iso())) + second[2:]
    for map_ in (phone_files.with_xmp(second, _GAIN), iso):
        yield phone_files.two_pictures(first, map_)
    listed = phone_files.with_xmp(second, _GAIN)
    yield phone_files.with_xmp(first, f'Item:Semantic="GainMap" Item:Length="{len(listed)}"') + listed
    apple = phone_files.with_xmp(second, f'a="{phone_files.APPLE}" HDRGainMap:HDRGainMapHeadroom="4.5"')
    yield phone_files.two_pictures(first, apple)


def _iso() -> Iterator[bytes]:
    numbers = (0, 1, 5, 2, 1, 1, 1, 64, 1, 64)
    yield struct.pack(">HHB", 0, 0, 0x40) + struct.pack(">IIII", 0, 1, 2, 1) + struct.pack(">iIiIIIiIiI", *numbers)
    yield struct.pack(">HHB", 0, 0, 0x48) + struct.pack(">III", 64, 0, 128) + struct.pack(">iiIii", 0, 160, 64, 1, 1)


def _gain_metadata() -> Iterator[bytes]:
    yield from _iso()
    yield f"<rdf:Description {_GAIN}/>".encode()
    yield b"hdrgm:Version <hdrgm:GainMapMax><rdf:Seq><rdf:li>2</rdf:li><rdf:li>2.1</rdf:li><rdf:li>2</hdrgm:GainMapMax>"


def _gain_heif() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = phone_files.heic_with_iso_gain(Path(folder) / "a.heic", _CODES, _CODES[:4, :6, 0], next(_iso()), 12)
        yield path.read_bytes()
        light = _CODES / 64
        yield avif_files.write_with_gain(Path(folder) / "a.avif", _CODES, light, alternate=avif_files.P3).read_bytes()


def _heic() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        for name, options in (("a", {}), ("b", {"bits": 10, "color": {"color_primaries": 9, "transfer_characteristics": 16}})):
            pixels = np.zeros((64, 64, 3), np.uint16 if options else np.uint8)
            yield phone_files.heic(Path(folder) / f"{name}.heic", pixels, **options).read_bytes()  # type: ignore[arg-type]


def _radiance() -> Iterator[bytes]:
    runs = b"".join(b"\x02\x02\x00\x0c" + b"\x8c\x80" * 3 + b"\x8c\x81" for _ in range(2))
    yield b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\nEXPOSURE=2.0\n\n-Y 2 +X 12\n" + runs
    yield b"#?RADIANCE\nSOFTWARE=LDR to HDRI 1\n\n+X 3 -Y 2\n" + b"\x80\x80\x80\x81" * 6


def _array() -> Iterator[bytes]:
    for pixels in (_CODES, _CODES.astype(">u2")):
        out = io.BytesIO()
        np.save(out, pixels)
        yield out.getvalue()[6:]


def _photo() -> Iterator[bytes]:
    for kind in ("JPEG", "PNG", "TIFF", "WEBP", "GIF"):
        yield picture(kind, (12, 8), **({} if kind == "GIF" else {"icc_profile": _SRGB}))
    yield from _gain_jpeg()
    yield from _radiance()
    yield from _heic()
    yield from _gain_heif()
    out = io.BytesIO()
    Image.fromarray(np.full((8, 12), 0.5, np.float32)).save(out, "TIFF")
    yield out.getvalue()


def _worker() -> Iterator[bytes]:
    settings = asdict(ConvertSettings())
    for number, fields in enumerate(
        (
            {"op": "convert", "source": "a.jpg", "output": "a.exr", "settings": settings, "overwrite": False},
            {"op": "split", "source": "a.exr", "output": "b.exr"},
            {"op": "inspect", "device": "auto"},
            {"op": "contact", "sheet": {"output": "a.png", "title": "A", "strips": [["a", "b"]], "overwrite": True}},
            {
                "op": "produce",
                "work": {
                    **{"source": "a.jpg", "settings": settings, "others": "auto", "sheet": ""},
                    **{"files": [{"path": "a.exr", "size": "original", "format": "exr"}], "thumbnail": "", "preview": ""},
                    "overwrite": False,
                },
            },
            {"op": "devices"},
            {"op": "hello"},
        )
    ):
        yield json.dumps({"id": number, **fields}).encode()


def _client() -> Iterator[bytes]:
    yield b'{"id": 1, "event": "progress", "fraction": 0.5, "stage": "Read"}\n{"id": 1, "event": "done", "result": {"a": "b"}}'
    yield b'{"id": 1, "event": "error", "error": "PhotoError", "problem": "It is bad.", "next_step": "Take another."}'


_SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {
    name.removeprefix("_"): made
    for name, made in list(globals().items())
    if name.removeprefix("_")
    in {*("png", "icc", "tags", "gain_jpeg", "gain_heif", "gain_metadata", "radiance", "array", "photo", "worker", "client")}
}
_SEEDS["nclx"] = _SEEDS["heif"] = _heic
