"""HEIC and AVIF keep their depth; the light that a gain map holds is used first; HDR pictures stay as they are."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import avif_files
import numpy as np
import phone_files
import pytest
import pyvips

from hdr_core import ConvertSettings, convert
from hdr_core.camera_tags import CameraTags, read_tags
from hdr_core.colour import srgb_decode, srgb_encode
from hdr_core.errors import PhotoError
from hdr_core.exr import read_exr, write_exr
from hdr_core.gain_map import apply_gain
from hdr_core.nclx import profile
from hdr_core.photo import HdrPicture, Photo, read_photo, read_source
from hdr_core.projection.lenses import Perspective
from hdr_core.projection.resample import to_map
from hdr_core.scale import white_in
from hdr_core.summary import in_a_line

H, W = 48, 64
HEADROOM = {0x21: (1, 1), 0x30: (0, 1)}  # Apple's notes for three stops


@pytest.fixture
def codes() -> np.ndarray:
    ramp = np.add.outer(np.linspace(0, 90, H), np.linspace(0, 165, W))
    return np.stack([ramp, ramp * 0.8 + 20, 255 - ramp], -1).astype(np.uint8)


@pytest.fixture
def deep() -> np.ndarray:
    """16-bit codes that use all bits, from black to white."""
    return np.linspace(0, 65535, H * W * 3).reshape(H, W, 3).astype(np.uint16)


@pytest.fixture
def lamp() -> np.ndarray:
    """A gain map of half the size: nothing, and a lamp in its left part."""
    map_ = np.zeros((H // 2, W // 2), np.uint8)
    map_[8:16, 4:12] = 255
    return map_


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_heic_keeps_its_depth(tmp_path: Path, codes: np.ndarray, deep: np.ndarray, bits: int) -> None:
    sent = codes if bits == 8 else deep
    photo = read_photo(phone_files.heic(tmp_path / "a.heic", sent, bits=bits))
    assert photo.pixels.dtype == sent.dtype
    step = 1 if bits == 8 else 65535 // (2**bits - 1)
    assert np.abs(photo.pixels.astype(int) - sent).max() <= step + 1
    assert len(np.unique(photo.pixels)) > (200 if bits == 8 else 0.9 * 2**bits)
    assert photo.pixels.max() == photo.white or bits == 8


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_avif_keeps_its_depth(tmp_path: Path, deep: np.ndarray, bits: int) -> None:
    image = pyvips.Image.new_from_array(deep).copy(interpretation="rgb16")
    image.heifsave(str(tmp_path / "a.avif"), compression="av1", bitdepth=bits, lossless=True, subsample_mode="off")
    photo = read_photo(tmp_path / "a.avif")
    wide = photo.pixels.astype(int) * (257 if bits == 8 else 1)
    assert np.abs(wide - deep).max() <= 1.5 * 65535 / (2**bits - 1)
    assert photo.pixels.max() == photo.white


def test_a_heic_stands_upright_and_damage_is_refused(tmp_path: Path, codes: np.ndarray) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    path = phone_files.heic(tmp_path / "a.heic", codes, exif=exif.tobytes())
    np.testing.assert_array_equal(read_photo(path).pixels, np.rot90(codes, -1))
    data = path.read_bytes()
    for part in (data[:40], data[: len(data) // 2], data[:24] + bytes(len(data))):
        path.write_bytes(part)
        with pytest.raises(PhotoError, match="damaged"):
            read_photo(path)


def test_a_heic_for_an_hdr_display_is_taken_as_light(tmp_path: Path, deep: np.ndarray) -> None:
    """PQ: 58% of the signal is 203 cd/m2, a page's white."""
    grey = np.full_like(deep, round(0.5807 * 65535))
    nclx = {"color_primaries": 9, "transfer_characteristics": 16}
    source = read_source(phone_files.heic(tmp_path / "a.heic", grey, bits=10, color=nclx))
    assert isinstance(source, HdrPicture)
    np.testing.assert_allclose(source.light, 1, rtol=0.02)


def test_ultra_hdr_holds_the_light_that_its_encoder_put_in(tmp_path: Path) -> None:
    """Written and read back by another library; ours gives the same light."""
    y, x = np.mgrid[0:64, 0:128]
    light = np.stack([0.05 + 3 * np.exp(-((x - 90) ** 2 + (y - 30) ** 2) / 300)] * 3, -1) * [1, 0.8, 0.6]
    path = tmp_path / "a.jpg"
    pyvips.Image.new_from_array(light.astype(np.float32)).copy(interpretation="scrgb").uhdrsave(str(path), Q=98)
    theirs = pyvips.Image.uhdrload(str(path)).uhdr2scRGB().numpy()
    photo = read_photo(path)
    assert photo.gain is not None
    assert photo.gain.kind == "Ultra HDR"
    ours = apply_gain(photo.pixels, photo.gain)
    assert ours.max() > 2
    bright = theirs.max(-1) > 0.1
    assert np.median(np.abs(ours - theirs)[bright] / theirs[bright]) < 0.03
    assert np.median(np.abs(ours - light)[bright] / light[bright]) < 0.1


def test_the_xmp_of_a_gain_map_is_understood(tmp_path: Path, codes: np.ndarray, lamp: np.ndarray) -> None:
    """Adobe's and Google's: stops, an offset in the picture, gamma; turned with the picture."""
    from PIL import Image

    numbers = 'hdrgm:GainMapMin="0" hdrgm:GainMapMax="3" hdrgm:Gamma="1" hdrgm:OffsetSDR="0.015625" hdrgm:OffsetHDR="0.015625"'
    named = f'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" {numbers}'
    exif = Image.Exif()
    exif[0x0112] = 6
    first, second = phone_files.jpeg(codes, exif=exif), phone_files.with_xmp(phone_files.jpeg(lamp), named)
    (tmp_path / "a.jpg").write_bytes(phone_files.two_pictures(first, second))
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.gain is not None
    light = np.rot90(apply_gain(photo.pixels, photo.gain))
    base = np.rot90(srgb_decode(photo.pixels / np.float32(255)))
    inside, outside = (slice(20, 28), slice(12, 20)), (slice(36, 46), slice(30, 60))
    np.testing.assert_allclose(light[inside], (base[inside] + 1 / 64) * 8 - 1 / 64, rtol=0.03)
    np.testing.assert_allclose(light[outside], base[outside], rtol=0.03, atol=1e-3)


@pytest.fixture
def lamp_light() -> np.ndarray:
    """A coloured lamp of six times white on a grey wall, (48, 64, 3) linear."""
    y, x = np.mgrid[0:H, 0:W]
    return np.stack([0.05 + 6 * np.exp(-((x - 40) ** 2 + (y - 20) ** 2) / 200)] * 3, -1) * [1, 0.8, 0.6]


def _as_codes(light: np.ndarray) -> np.ndarray:
    return np.rint(srgb_encode(light.clip(0, 1)) * 255).astype(np.uint8)


def _near(path: Path, light: np.ndarray, most: float) -> None:
    """Picture and map together are the light that they were made from."""
    photo = read_photo(path)
    assert photo.gain is not None
    assert photo.gain.kind == "ISO 21496-1"
    found = apply_gain(photo.pixels, photo.gain)
    assert np.median(np.abs(found - light) / (light + 0.01)) < most
    assert found.max() == pytest.approx(light.max(), rel=0.03)


@pytest.mark.parametrize(("base", "other"), [(avif_files.SRGB, avif_files.SRGB), (avif_files.P3, avif_files.BT2020)])
def test_an_avif_holds_the_light_that_libavif_put_in(tmp_path: Path, lamp_light: np.ndarray, base: int, other: int) -> None:
    """The map is half as large, and of the colours of the picture that it leads to."""
    path = tmp_path / "a.avif"
    avif_files.write_with_gain(path, _as_codes(lamp_light), lamp_light, base=base, alternate=other, scale=2)
    known = profile(other)
    _near(path, lamp_light if known is None else (lamp_light @ np.array(known.to_rec709).T).clip(0), 0.01)


@pytest.mark.parametrize("bits", [8, 10])
def test_a_heic_with_the_standards_gain_map(tmp_path: Path, lamp_light: np.ndarray, bits: int) -> None:
    """Built by hand of libheif's own pictures: no encoder here writes one. One channel, in stops from 0 to 3."""
    picture = lamp_light / np.maximum(lamp_light.max(-1, keepdims=True), 1)
    stops = np.log2((lamp_light + 1 / 64) / (picture + 1 / 64)).mean(-1)[::2, ::2]
    numbers = (0, 1, 3, 1, 1, 1, 1, 64, 1, 64)
    metadata = struct.pack(">HHBIIII", 0, 0, 0x40, 0, 1, 3, 1) + struct.pack(">iIiIIIiIiI", *numbers)
    white = 255 if bits == 8 else 65535
    codes = np.rint(srgb_encode(picture) * white).astype(np.uint8 if bits == 8 else np.uint16)
    map_ = np.rint(stops / 3 * 255).astype(np.uint8)
    path = phone_files.heic_with_iso_gain(tmp_path / "a.heic", codes, map_, metadata)
    _near(path, lamp_light, 0.03)
    # one that leads down from an HDR picture, and a damaged one, are none: the picture is still read
    down = struct.pack(">HHBIIII", 0, 0, 0x40, 3, 1, 0, 1) + metadata[21:]
    for other in (down, metadata[:20]):
        again = read_photo(phone_files.heic_with_iso_gain(tmp_path / "b.heic", codes, map_, other))
        assert again.gain is None
        np.testing.assert_array_equal(again.pixels, read_photo(path).pixels)


@pytest.mark.parametrize("kind", ["jpg", "heic"])
def test_apples_gain_map(tmp_path: Path, codes: np.ndarray, lamp: np.ndarray, kind: str) -> None:
    """Light times 1 to 8, by the headroom in the maker's notes."""
    exif, path = phone_files.apple_exif(HEADROOM), tmp_path / f"a.{kind}"
    if kind == "heic":
        phone_files.heic_with_gain(path, codes, lamp, exif)
    else:
        apdi = f'xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/" apdi:AuxiliaryImageType="{phone_files.APPLE}"'
        second = phone_files.with_xmp(phone_files.jpeg(lamp), apdi)
        path.write_bytes(phone_files.two_pictures(phone_files.jpeg(codes, exif=exif), second))
    photo = read_photo(path)
    assert photo.gain is not None
    assert (photo.gain.kind, photo.gain.limit) == ("Apple", 8)
    gain = apply_gain(photo.pixels, photo.gain) / np.maximum(srgb_decode(photo.pixels / np.float32(255)), 1e-4)
    np.testing.assert_allclose(gain[20:28, 12:20], 8, rtol=0.03)
    np.testing.assert_allclose(gain[36:46, 30:60], 1, rtol=0.03)


def test_only_what_is_beyond_the_gain_map_is_restored(tmp_path: Path, codes: np.ndarray, lamp: np.ndarray) -> None:
    """In the lamp's map the white of the picture stays white times eight or more, all else is as picture and map have it."""
    clipped = codes.copy()
    clipped[16:32, 8:24] = 255
    path = phone_files.heic_with_gain(tmp_path / "a.heic", clipped, lamp, phone_files.apple_exif(HEADROOM))
    done = convert(path, tmp_path / "a.exr", ConvertSettings("flat"))
    made, photo = read_exr(tmp_path / "a.exr")[0], read_photo(path)
    assert done.view.gain_map == "Apple"
    known = apply_gain(photo.pixels, photo.gain)  # type: ignore[arg-type]
    seen = known.max(-1) < 7
    np.testing.assert_allclose(made[seen], known[seen], rtol=2e-3, atol=1e-3)
    assert made[20:28, 12:20].min() > 6
    assert done.restored_high > 0


def test_hdr_pictures_are_not_restored(tmp_path: Path) -> None:
    light = np.random.default_rng(3).gamma(0.5, 4, (32, 64, 3)).astype(np.float32).clip(1e-3, 3e4)
    write_exr(tmp_path / "a.exr", light, header={})
    done = convert(tmp_path / "a.exr", tmp_path / "same.exr")
    np.testing.assert_allclose(read_exr(tmp_path / "same.exr")[0], light, rtol=1e-3)
    assert (done.input_curve, done.restored_high, done.projection) == ("linear", 0, "equirectangular")
    mantissa, exponent = np.frexp(light.max(-1))
    scale = mantissa * 256 / light.max(-1)
    rgbe = np.dstack([(light * scale[..., None]).astype(np.uint8), (exponent + 128).astype(np.uint8)])
    (tmp_path / "a.hdr").write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 32 +X 64\n" + rgbe.tobytes())
    source = read_source(tmp_path / "a.hdr")
    assert isinstance(source, HdrPicture)
    np.testing.assert_allclose(source.light, light, atol=float(light.max()) / 100)
    assert np.median(np.abs(source.light.max(-1) / light.max(-1) - 1)) < 0.01


def test_an_hdr_photo_becomes_a_sphere_and_keeps_its_light(tmp_path: Path) -> None:
    light = np.random.default_rng(4).uniform(0.2, 2, (32, 48, 3)).astype(np.float32)
    light[10:14, 20:26] = 900
    write_exr(tmp_path / "a.exr", light, header={})
    done = convert(tmp_path / "a.exr", tmp_path / "sphere.exr", ConvertSettings(fov=90.0))
    assert (done.view.kind, done.input_curve, done.restored_high, done.projection) == (
        "perspective",
        "linear",
        0,
        "equirectangular",
    )
    made = read_exr(tmp_path / "sphere.exr")[0]
    photo = to_map(light, Perspective(48, 32, 24.0), np.eye(3), made.shape[1])
    inside = photo.covered > 0.999
    np.testing.assert_allclose(made[inside], photo.pixels[inside], rtol=2e-3)
    assert made[inside].max() > 850


def test_a_phone_tells_how_it_was_held() -> None:
    """Upright and level; lying on its side, looking down by 20 degrees; and tilted clockwise by 10."""

    def tilt(*gravity: float, orientation: int) -> tuple[float | None, float | None]:
        pairs = tuple(part for axis in gravity for part in (round(axis * 10000), 10000))
        tags = read_tags(phone_files.apple_exif({0x08: pairs}, orientation=orientation), None, 30, 40)
        return tags.pitch, tags.roll

    assert tilt(0, -1, 0, orientation=6) == pytest.approx((0, 0), abs=0.1)
    assert tilt(-0.9397, 0, -0.342, orientation=1) == pytest.approx((-20, 0), abs=0.1)
    assert tilt(0.1736, -0.9848, 0, orientation=6) == pytest.approx((0, 10), abs=0.1)
    assert tilt(0.1736, -0.9848, 0, orientation=1) == pytest.approx((0, 10), abs=0.1)  # turned upright since, by a program
    assert tilt(0, -3, 0, orientation=6) == (None, None)


@pytest.mark.parametrize(
    ("tags", "exposure"),
    [
        ({0x829A: 0.01, 0x829D: 16.0, 0x8827: 100, 0x9204: -2.0}, (0.01, 16, 100)),  # its bias is in the three already
        ({0x9201: 6.643856, 0x9202: 8.0, 0x8827: 100}, (0.01, 16, 100)),  # APEX
        ({0x829A: 0.01, 0x829D: 2.0, 0x8827: 65535, 0x8830: 2, 0x8832: 102400}, (0.01, 2, 102400)),
        ({0x829A: 0.01, 0x829D: 2.0, 0x8830: 1, 0x8831: 204800}, (0.01, 2, 204800)),
        ({0x829A: 0.01, 0x829D: 2.0, 0x8827: 65535}, (0.01, 2, 65535)),
        ({0x829A: 0.01, 0x829D: 2.0}, None),
        ({0x829A: 0.01, 0x829D: 0.0, 0x8827: 100}, None),  # a lens that the camera does not know
    ],
)
def test_the_exposure_is_told_in_several_ways(tags: dict[int, float], exposure: tuple[float, float, float] | None) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif.get_ifd(0x8769).update(tags)
    told = read_tags(exif.tobytes(), None, 30, 40).exposure
    assert told == (pytest.approx(exposure, rel=1e-4) if exposure else None)


def test_sunny_sixteen() -> None:
    """A sunlit sheet of paper, 100,000 lux on 90%, is 28,600 cd/m2; a camera at f/16, 1/100 s and ISO 100 just clips it."""
    tags = CameraTags(exposure=(0.01, 16.0, 100.0))
    stops = math.log2(1e5 * 0.9 / math.pi / white_in("absolute", tags, np.ones((1, 1, 3), np.float32)))
    assert 0 < stops < 0.5


def test_what_absolute_light_needs(tmp_path: Path, codes: np.ndarray) -> None:
    """1/100 s at f/10 and ISO 100: white is 85.5 * 100 / (0.01 * 100) cd/m2, grey a fifth of it."""
    from PIL import Image

    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0x829A: 0.01, 0x829D: 10.0, 0x8827: 100})
    Image.fromarray(codes).save(tmp_path / "a.jpg", exif=exif)
    Image.fromarray(codes).save(tmp_path / "none.png")
    flat = {"projection": "flat", "input_curve": "srgb"}
    white = convert(tmp_path / "a.jpg", tmp_path / "white.exr", ConvertSettings(**flat))
    done = convert(tmp_path / "a.jpg", tmp_path / "a.exr", ConvertSettings(**flat, scale="absolute"))
    assert done.white == pytest.approx(8547, rel=1e-3)
    assert done.white_is.startswith("8,547 cd/m², by 1/100 s, f/10, ISO 100")
    assert done.white_is in in_a_line(done)
    assert "whiteIs" in read_exr(tmp_path / "a.exr")[1]
    assert done.peak == pytest.approx(white.peak, rel=1e-4)
    np.testing.assert_allclose(read_exr(tmp_path / "a.exr")[0], read_exr(tmp_path / "white.exr")[0] * 8547, rtol=2e-3, atol=1)
    with pytest.raises(PhotoError, match='scale="white"'):
        convert(tmp_path / "none.png", tmp_path / "none.exr", ConvertSettings(**flat, scale="watts"))
    assert isinstance(read_source(tmp_path / "none.png"), Photo)
