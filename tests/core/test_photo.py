"""Files of every kind give the code values that were put in, upright and with their alpha apart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from hdr_core.photo import Photo, read_photo, srgb_decode, srgb_encode

H, W = 24, 48


@pytest.fixture
def codes() -> np.ndarray:
    """Noise: every 8-bit picture has all kinds of codes, and no two sides look alike."""
    return np.random.default_rng(1).integers(0, 256, (H, W, 3), dtype=np.uint8)


@pytest.fixture
def codes16() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 65536, (H, W, 3), dtype=np.uint16)


def vips(codes: np.ndarray, interpretation: str) -> pyvips.Image:
    return pyvips.Image.new_from_array(codes).copy(interpretation=interpretation)


def assert_is(photo: Photo, codes: np.ndarray) -> None:
    assert photo.pixels.dtype == codes.dtype
    assert photo.pixels.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(photo.pixels, codes)
    assert (photo.height, photo.width) == codes.shape[:2]
    assert photo.white == np.iinfo(codes.dtype).max
    assert photo.profile == "sRGB"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.tif", {}),
        ("a.tif", {"compression": "tiff_lzw"}),
        ("a.tif", {"compression": "tiff_adobe_deflate"}),
        ("a.webp", {"lossless": True}),
    ],
)
def test_8_bit_codes_survive_exactly(tmp_path: Path, codes: np.ndarray, name: str, options: dict) -> None:
    Image.fromarray(codes).save(tmp_path / name, **options)
    photo = read_photo(tmp_path / name)
    assert_is(photo, codes)
    assert photo.alpha is None


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bit_codes_survive_exactly(tmp_path: Path, codes16: np.ndarray, name: str) -> None:
    vips(codes16, "rgb16").write_to_file(str(tmp_path / name))
    assert_is(read_photo(tmp_path / name), codes16)


def test_a_tiled_big_endian_or_bigtiff_is_a_tiff(tmp_path: Path, codes16: np.ndarray) -> None:
    vips(codes16, "rgb16").tiffsave(str(tmp_path / "tiled.tif"), tile=True, tile_width=16, tile_height=16, bigtiff=True)
    assert_is(read_photo(tmp_path / "tiled.tif"), codes16)
    grey = codes16[..., 0]
    Image.fromarray(grey.astype(">u2")).save(tmp_path / "big.tif")
    assert (tmp_path / "big.tif").read_bytes()[:2] == b"MM"
    assert_is(read_photo(tmp_path / "big.tif"), np.repeat(grey[..., None], 3, axis=2))


def test_jpeg_is_what_its_decoder_says(tmp_path: Path, codes: np.ndarray) -> None:
    smooth = Image.fromarray(codes[:6, :12]).resize((W, H))
    smooth.save(tmp_path / "a.jpg", quality=97, subsampling=0)
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.pixels.dtype == np.uint8
    assert np.abs(photo.pixels.astype(int) - np.asarray(smooth)).max() <= 8


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_all_eight_orientations_give_the_same_upright_picture(tmp_path: Path, suffix: str) -> None:
    upright = np.zeros((600, 1200, 3), np.uint8)  # more rows than a decoder keeps at hand
    upright[:300, :600], upright[:300, 600:], upright[300:, :600] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    undo = {  # what a camera stored that was held so, in numpy's words
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    for orientation, turn in undo.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"{orientation}.{suffix}"
        Image.fromarray(np.ascontiguousarray(turn(upright))).save(path, exif=exif, quality=95, method=0)
        pixels = read_photo(path).pixels
        assert pixels.shape == upright.shape, orientation
        assert np.abs(pixels.astype(int) - upright)[20:280, 20:580].max() < 12, orientation
        assert np.median(np.abs(pixels.astype(int) - upright)) < 12, orientation


def test_grey_of_8_and_16_bits_and_1_bit(tmp_path: Path, codes: np.ndarray, codes16: np.ndarray) -> None:
    grey, grey16 = codes[..., 0], codes16[..., 0]
    Image.fromarray(grey).save(tmp_path / "8.png")
    Image.fromarray(grey16).save(tmp_path / "16.png")
    Image.fromarray(grey).save(tmp_path / "8.jpg", quality=100)
    Image.fromarray(grey > 127).save(tmp_path / "1.png")
    Image.fromarray(grey > 127).save(tmp_path / "1.tif", compression="group4")
    assert_is(read_photo(tmp_path / "8.png"), np.repeat(grey[..., None], 3, axis=2))
    assert_is(read_photo(tmp_path / "16.png"), np.repeat(grey16[..., None], 3, axis=2))
    jpeg = read_photo(tmp_path / "8.jpg").pixels
    assert jpeg.shape == (H, W, 3)
    assert np.abs(jpeg.astype(int) - grey[..., None]).max() <= 2
    for name in ("1.png", "1.tif"):
        assert_is(read_photo(tmp_path / name), np.repeat(np.uint8(grey > 127)[..., None] * np.uint8(255), 3, axis=2))


def test_a_tiff_that_counts_from_white_is_not_inverted(tmp_path: Path, codes: np.ndarray) -> None:
    grey = codes[..., :1]
    vips(grey, "b-w").tiffsave(str(tmp_path / "a.tif"), miniswhite=True)
    assert_is(read_photo(tmp_path / "a.tif"), np.repeat(grey, 3, axis=2))


def test_palettes_are_looked_up(tmp_path: Path, codes: np.ndarray) -> None:
    picture = Image.fromarray(codes).quantize(32)
    for name in ("p.png", "p.gif", "p.tif"):
        picture.save(tmp_path / name)
        assert_is(read_photo(tmp_path / name), np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_alpha_is_split_off_straight(tmp_path: Path, codes: np.ndarray, name: str) -> None:
    alpha = np.tile(np.linspace(0, 255, W).astype(np.uint8), (H, 1))
    Image.fromarray(np.dstack([codes, alpha])).save(tmp_path / name, lossless=True, exact=True)
    photo = read_photo(tmp_path / name)
    assert_is(photo, codes)
    np.testing.assert_array_equal(photo.alpha, alpha)
    assert photo.alpha.dtype == np.uint8


def test_alpha_of_16_bits_of_grey_and_of_a_palette(tmp_path: Path, codes16: np.ndarray, codes: np.ndarray) -> None:
    vips(np.dstack([codes16, codes16[..., 1]]), "rgb16").pngsave(str(tmp_path / "16.png"), bitdepth=16)
    photo = read_photo(tmp_path / "16.png")
    assert_is(photo, codes16)
    np.testing.assert_array_equal(photo.alpha, codes16[..., 1])

    Image.fromarray(codes[..., :2], "LA").save(tmp_path / "la.png")
    photo = read_photo(tmp_path / "la.png")
    assert_is(photo, codes[..., [0, 0, 0]])
    np.testing.assert_array_equal(photo.alpha, codes[..., 1])

    picture = Image.fromarray(codes).quantize(8)
    picture.save(tmp_path / "p.png", transparency=3)
    np.testing.assert_array_equal(read_photo(tmp_path / "p.png").alpha == 0, np.asarray(picture) == 3)


def test_premultiplied_tiff_is_made_straight(tmp_path: Path, codes16: np.ndarray) -> None:
    alpha = np.full((H, W), 32768, np.uint16)
    vips(np.dstack([codes16, alpha]), "rgb16").tiffsave(str(tmp_path / "a.tif"), premultiply=True)
    photo = read_photo(tmp_path / "a.tif")
    assert np.abs(photo.pixels.astype(int) - codes16).max() <= 4
    np.testing.assert_array_equal(photo.alpha, alpha)


def test_opaque_alpha_is_dropped(tmp_path: Path, codes: np.ndarray) -> None:
    Image.fromarray(np.dstack([codes, np.full((H, W), 255, np.uint8)])).save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    assert_is(photo, codes)
    assert photo.alpha is None


@pytest.mark.parametrize("name", ["a.gif", "a.tif", "a.webp", "a.png"])
def test_the_first_page_counts(tmp_path: Path, name: str) -> None:
    first = Image.new("RGB", (W, H), (200, 100, 50))
    first.save(tmp_path / name, save_all=True, append_images=[Image.new("RGB", (W, H), (1, 2, 3))], lossless=True)
    assert_is(read_photo(tmp_path / name), np.asarray(first))


def test_the_suffix_does_not_matter(tmp_path: Path, codes: np.ndarray) -> None:
    Image.fromarray(codes).save(tmp_path / "a.jpg", format="PNG")
    Image.fromarray(codes).save(tmp_path / "noname", format="TIFF")
    for name in ("a.jpg", "noname"):
        assert_is(read_photo(tmp_path / name), codes)


@pytest.mark.parametrize("name", ["pläne 日本.png", "a[page=1].png", "a b%20'c\".png", "-a.png", "a\udcff.png"])
def test_any_file_name(tmp_path: Path, codes: np.ndarray, name: str) -> None:
    Image.fromarray(codes).save(tmp_path / "a.png")
    try:
        (tmp_path / "a.png").rename(tmp_path / name)
    except (OSError, UnicodeError):
        pytest.skip("this file system has no such names")
    assert_is(read_photo(tmp_path / name), codes)


def test_a_changed_file_is_read_again(tmp_path: Path, codes: np.ndarray) -> None:
    for picture in (codes, 255 - codes):
        Image.fromarray(picture).save(tmp_path / "a.png")
        assert_is(read_photo(tmp_path / "a.png"), picture)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", ">u2"])
def test_raw_pixels(tmp_path: Path, codes16: np.ndarray, dtype: str) -> None:
    raw = codes16.astype(dtype)
    np.save(tmp_path / "a.npy", raw)
    assert_is(read_photo(tmp_path / "a.npy"), raw.astype(raw.dtype.newbyteorder("=")))
    np.save(tmp_path / "f.npy", np.asfortranarray(np.dstack([raw, raw[..., 0]])))
    photo = read_photo(tmp_path / "f.npy")
    assert_is(photo, raw.astype(raw.dtype.newbyteorder("=")))
    np.testing.assert_array_equal(photo.alpha, raw[..., 0])


def test_srgb_curve() -> None:
    code = np.array([0, 0.04045, 0.5, 1], np.float32)
    np.testing.assert_allclose(srgb_decode(code), [0, 0.0031308, 0.21404114, 1], rtol=1e-5)
    ramp = np.linspace(0, 1, 65536, dtype=np.float32)
    assert srgb_decode(ramp).dtype == srgb_encode(ramp).dtype == np.float32
    assert np.abs(srgb_encode(srgb_decode(ramp)) - ramp).max() < 1e-6
    assert (np.diff(srgb_decode(ramp)) > 0).all()


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory as Linux tells it")
def test_a_large_panorama_needs_little_memory(tmp_path: Path) -> None:
    band = np.random.default_rng(0).integers(0, 256, (64, 8192, 3), dtype=np.uint8)
    vips(np.tile(band, (64, 1, 1)), "srgb").jpegsave(str(tmp_path / "a.jpg"), Q=80)
    program = (
        "import re, sys; from pathlib import Path; from hdr_core.photo import read_photo\n"
        "photo = read_photo(Path(sys.argv[1])); assert photo.pixels.shape == (4096, 8192, 3)\n"
        # not ru_maxrss: that counts what the parent had when it forked
        "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "a.jpg"],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert int(done.stdout) * 1024 < 400 * 2**20
