"""What cannot be read as a photo is refused at once, by a message that says what to do."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from hdr_core import photo
from hdr_core.decode import Decoded, decode
from hdr_core.errors import PhotoError
from hdr_core.photo import read_photo

ROOT = Path(__file__).parents[2]


def assert_refused(path: Path, problem: str, next_step: str) -> None:
    with pytest.raises(PhotoError) as raised:
        read_photo(path)
    assert problem in raised.value.problem
    assert next_step in raised.value.next_step
    assert "\n" not in str(raised.value)


@pytest.fixture
def picture() -> Image.Image:
    rng = np.random.default_rng(0)
    smooth = np.add.outer(np.linspace(0, 120, 128), np.linspace(0, 120, 256))[:, :, None]
    return Image.fromarray((smooth + rng.normal(0, 8, (128, 256, 3))).clip(0, 255).astype(np.uint8))


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def test_missing(tmp_path: Path) -> None:
    assert_refused(tmp_path / "no.jpg", "There is no file", "Check the path")
    assert_refused(tmp_path / "no" / "no.jpg", "There is no file", "Check the path")
    assert_refused(Path("a\0b.jpg"), "not a possible path", "Check the path")


def test_below_a_file_or_too_long(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    assert_refused(tmp_path / "file" / "a.jpg", "cannot be read", "Check the path")
    assert_refused(tmp_path / ("a" * 300 + ".jpg"), "cannot be read", "Check the path")


def test_gone_while_it_is_read(tmp_path: Path, picture: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the picture, before its gain map."""
    picture.save(tmp_path / "a.jpg")

    def decode_then_remove(path: Path, loader: str, enough: int) -> Decoded:
        decoded = decode(path, loader, enough)
        path.unlink()
        return decoded

    monkeypatch.setattr(photo, "decode", decode_then_remove)
    assert_refused(tmp_path / "a.jpg", "There is no file", "Check the path")


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert_refused(tmp_path / "a.jpg", "is empty", "Copy it again")


def test_folder(tmp_path: Path) -> None:
    assert_refused(tmp_path, "is a folder", "path of a photo")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_and_device_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert_refused(tmp_path / "a.jpg", "not an ordinary file", "Give the path of a JPEG")
    assert_refused(Path("/dev/zero"), "not an ordinary file", "Give the path of a JPEG")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX permissions")
def test_not_permitted(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\xff\xd8\xff")
    path.chmod(0)
    program = (
        "import os, sys; from pathlib import Path; from hdr_core.errors import PhotoError\n"
        "from hdr_core.photo import read_photo\n"
        "os.geteuid() or os.setuid(65534)\n"
        "try: read_photo(Path(sys.argv[1]))\n"
        "except PhotoError as error: print(error)"
    )
    tmp_path.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", program, path], check=True, capture_output=True, text=True, cwd=ROOT)
    assert "cannot be read: Permission denied. Check the path, and that you may read it." in done.stdout


@pytest.mark.parametrize(
    "content",
    [
        b"hello, world\n" * 100,
        b"\0" * 1000,
        b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="32"><rect width="9" height="9"/></svg>',
        b"%PDF-1.4\n" + bytes(100),
        b"%!PS-Adobe-3.0\n",
        b"push graphic-context\nviewbox 0 0 64 64\n",
        b"P6 2 1 255\nabcdef",
        b"BM" + bytes(100),
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"\x7fELF" + bytes(100),
        b"\xff",
    ],
)
def test_not_a_picture(tmp_path: Path, content: bytes) -> None:
    """Nothing but the kinds we know reaches a decoder, whatever the name says."""
    for name in ("a.jpg", "a.svg", "a.npy", "a.csv"):
        (tmp_path / name).write_bytes(content)
        assert_refused(tmp_path / name, "not a picture of a known kind", "Give the path of a JPEG")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF"])
@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.9, 0.99])
def test_truncated(tmp_path: Path, picture: Image.Image, kind: str, part: float) -> None:
    data = encoded(picture, kind)
    (tmp_path / "a").write_bytes(data[: int(len(data) * part)])
    assert_refused(tmp_path / "a", "is damaged or cannot be decoded", "Copy it again")


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"}]
)
def test_truncated_progressive_and_turned_jpeg(tmp_path: Path, picture: Image.Image, options: dict) -> None:
    data = encoded(picture, "JPEG", **options)
    (tmp_path / "whole.jpg").write_bytes(data)
    assert sorted(read_photo(tmp_path / "whole.jpg").pixels.shape) == [3, 128, 256]
    (tmp_path / "a.jpg").write_bytes(data[: len(data) * 2 // 3])
    assert_refused(tmp_path / "a.jpg", "is damaged or cannot be decoded", "Copy it again")


@pytest.mark.parametrize(
    "options", [{"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}, {"compression": "jpeg"}]
)
def test_truncated_compressed_tiff(tmp_path: Path, picture: Image.Image, options: dict) -> None:
    data = encoded(picture, "TIFF", **options)
    for size in (len(data) // 2, len(data) - 20):
        (tmp_path / "a.tif").write_bytes(data[:size])
        assert_refused(tmp_path / "a.tif", "is damaged or cannot be decoded", "Copy it again")


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_overwritten_in_the_middle(tmp_path: Path, picture: Image.Image, kind: str) -> None:
    data = bytearray(encoded(picture, kind))
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    (tmp_path / "a").write_bytes(data)
    assert_refused(tmp_path / "a", "is damaged or cannot be decoded", "Copy it again")


def test_an_odd_but_whole_jpeg_is_read(tmp_path: Path, picture: Image.Image) -> None:
    """Some cameras write a scan header that libjpeg warns of; nothing is lost."""
    data = bytearray(encoded(picture, "JPEG"))
    scan = data.index(b"\xff\xda")
    assert data[scan + 11 : scan + 14] == b"\x00\x3f\x00"
    (tmp_path / "right.jpg").write_bytes(data)
    data[scan + 12] = 0
    (tmp_path / "odd.jpg").write_bytes(data)
    np.testing.assert_array_equal(read_photo(tmp_path / "odd.jpg").pixels, read_photo(tmp_path / "right.jpg").pixels)


def test_already_hdr(tmp_path: Path) -> None:
    (tmp_path / "a.exr").write_bytes(b"\x76\x2f\x31\x01" + bytes(100))
    (tmp_path / "a.hdr").write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n" + bytes(4))
    (tmp_path / "a.jpg").write_bytes(b"#?RGBE\n")
    Image.fromarray(np.ones((4, 8), np.float32)).save(tmp_path / "a.tif")
    pyvips.Image.black(8, 4, bands=3).cast("float").tiffsave(str(tmp_path / "b.tif"))
    for name in ("a.exr", "a.hdr", "a.jpg", "a.tif", "b.tif"):
        assert_refused(tmp_path / name, "is already HDR", "Use it directly")


def test_other_pixel_types(tmp_path: Path) -> None:
    Image.fromarray(np.ones((4, 8), np.int32)).save(tmp_path / "int.tif")
    pyvips.Image.black(8, 4, bands=3).colourspace("lab").tiffsave(str(tmp_path / "lab.tif"))
    for name in ("int.tif", "lab.tif"):
        assert_refused(tmp_path / name, "channels of type", "save it as an 8 or 16-bit RGB PNG or TIFF")


@pytest.mark.parametrize("brand", [b"heic", b"avif", b"mif1"])
def test_damaged_heic_and_avif(tmp_path: Path, brand: bytes) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(100))
    assert_refused(tmp_path / "a.heic", "is damaged or cannot be decoded", "Copy it again")


def test_camera_raw_is_not_taken_for_its_thumbnail(tmp_path: Path, picture: Image.Image) -> None:
    picture.save(tmp_path / "a.dng", format="TIFF")
    assert_refused(tmp_path / "a.dng", "camera raw", "Develop it first")


def test_decompression_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    """A PNG of 65535 x 65535 pixels whose data never come: refused before any is asked for."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", len(body), name) + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 65535, 65535, 8, 2, 0, 0, 0)
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    )
    assert_refused(tmp_path / "a.png", "65535 x 65535", "Make it smaller")


def test_raw_pixels_of_the_wrong_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    for array in (
        np.zeros((4, 8), np.uint8),
        np.zeros((4, 8, 2), np.uint8),
        np.zeros((4, 8, 3)),
        np.zeros((0, 8, 3), np.uint8),
    ):
        np.save(path, array)
        assert_refused(path, "holds an array of shape", "uint8 or uint16")
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    assert_refused(path, "damaged array file", "Make it again")
    np.save(path, np.zeros((4, 8, 3), np.uint8))
    for size in (8, 60, 140):
        path.write_bytes(path.read_bytes()[:size])
        assert_refused(path, "damaged array file", "Make it again")
    for header in (b"{'descr': (((", b"{'descr': 1}", b"\xff\xfe", b"__import__('os')"):
        path.write_bytes(b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header)
        assert_refused(path, "damaged array file", "Make it again")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pyvips logs quoted rubbish as UTF-8
def test_any_damage_is_refused_or_harmless(tmp_path: Path, picture: Image.Image) -> None:
    """Random bytes in the headers, where loaders are weakest: a picture, or a PhotoError, and nothing else."""
    rng = np.random.default_rng(3)
    profile = bytes(pyvips.Operation.call("profile_load", "p3"))
    refused = 0
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF"):
        whole = encoded(picture.resize((40, 20)), kind, icc_profile=profile)
        for _ in range(40):
            data = bytearray(whole)
            for place in rng.integers(4, min(len(data), 1000), 4):
                data[place] = rng.integers(256)
            (tmp_path / "a").write_bytes(data)
            try:
                assert read_photo(tmp_path / "a").pixels.shape[2] == 3
            except PhotoError:
                refused += 1
    assert refused > 20


def test_without_pyvips_it_says_what_to_install(tmp_path: Path, picture: Image.Image) -> None:
    picture.save(tmp_path / "a.png")
    program = (
        "import sys; sys.modules['pyvips'] = None\n"
        "from pathlib import Path; from hdr_core.errors import RuntimeMissingError; from hdr_core.photo import read_photo\n"
        "try: read_photo(Path(sys.argv[1]))\n"
        "except RuntimeMissingError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "a.png"], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert "cannot import pyvips" in done.stdout
    assert "pip install pyvips" in done.stdout
