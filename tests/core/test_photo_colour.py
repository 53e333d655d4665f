"""Known linear colours, photographed into other colour spaces, come back as the same linear Rec.709 colours."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms

from hdr_core.errors import PhotoError
from hdr_core.photo import read_photo, srgb_decode, srgb_encode

REC709 = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
D65, D50 = (0.3127, 0.3290), (0.34567, 0.35850)

COLOURS = np.array(  # linear Rec.709
    [[1, 1, 1], [0.5, 0.5, 0.5], [0.18, 0.18, 0.18], [0.02, 0.02, 0.02], [0.6, 0.3, 0.2], [0.1, 0.3, 0.15], [0.2, 0.25, 0.7]]
)


def to_xyz(primaries: tuple, white: tuple = D65) -> np.ndarray:
    """From linear RGB to XYZ relative to that white, by the definition of primaries."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    return columns * np.linalg.solve(columns, white_xyz(white))


def white_xyz(white: tuple) -> np.ndarray:
    return np.array([white[0] / white[1], 1, (1 - white[0] - white[1]) / white[1]])


def adapted_to_d50(matrix: np.ndarray) -> np.ndarray:
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    gain = (bradford @ white_xyz(D50)) / (bradford @ white_xyz(D65))
    return np.linalg.inv(bradford) @ np.diag(gain) @ bradford @ matrix


def gamma_tag(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def table_tag(samples: np.ndarray) -> bytes:
    return b"curv" + bytes(4) + struct.pack(f">I{len(samples)}H", len(samples), *np.rint(samples * 65535).astype(int))


def para_tag(kind: int, *numbers: float) -> bytes:
    return b"para" + bytes(4) + struct.pack(f">HH{len(numbers)}i", kind, 0, *(round(number * 65536) for number in numbers))


def icc_profile(name: str, curve: bytes, primaries: tuple | None = None, space: bytes = b"RGB ") -> bytes:
    """A version 2 or 4 display profile of a curve and, for RGB, a matrix."""
    tags = {b"desc": b"desc" + bytes(4) + struct.pack(">I", len(name) + 1) + name.encode() + bytes(79)}
    tags[b"wtpt"] = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    if primaries is None:
        tags[b"kTRC"] = curve
    else:
        for letter, column in zip(b"rgb", adapted_to_d50(to_xyz(primaries)).T, strict=True):
            tags[bytes([letter]) + b"XYZ"] = b"XYZ " + bytes(4) + struct.pack(">3i", *np.rint(column * 65536).astype(int))
            tags[bytes([letter]) + b"TRC"] = curve
    offset = 132 + 12 * len(tags)
    index, body = b"", b""
    for signature, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        index += struct.pack(">4sII", signature, offset + len(body), len(data))
        body += padded
    size = offset + len(body)
    header = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02400000, b"mntr", space, b"XYZ ") + bytes(12) + b"acsp"
    header += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + index + body


def codes_of(colours: np.ndarray, primaries: tuple, gamma: float | None) -> np.ndarray:
    """16-bit code values of linear Rec.709 colours in a space: (1, N, 3). Without a gamma, sRGB's curve."""
    linear = colours @ (np.linalg.inv(to_xyz(primaries)) @ to_xyz(REC709)).T
    linear = np.clip(linear, 0, 1)
    return np.rint((linear ** (1 / gamma) if gamma else srgb_encode(linear)) * 65535).astype(np.uint16)[None]


def save(path: Path, codes: np.ndarray, profile: bytes, interpretation: str) -> Path:
    image = pyvips.Image.new_from_array(codes).copy(interpretation=interpretation).copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    image.write_to_file(str(path))
    return path


def built_in(name: str) -> bytes:
    return bytes(pyvips.Operation.call("profile_load", name))


def assert_colours(path: Path, expected: np.ndarray, rtol: float = 0.005) -> None:
    photo = read_photo(path)
    assert photo.pixels.dtype == np.uint16
    linear = srgb_decode(photo.pixels[0] / np.float32(65535))
    # Relative to the colour's largest channel: a small channel beside a large one is a small difference of large numbers.
    difference = np.abs(linear - expected) / expected.max(axis=1, keepdims=True)
    assert difference.max() < rtol, difference


ADOBE_PROFILE = icc_profile("Adobe RGB (1998)", gamma_tag(563 / 256), ADOBE)


@pytest.mark.parametrize("name", ["a.tif", "a.png"])
def test_adobe_rgb_of_16_bits(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / name, codes_of(COLOURS, ADOBE, 563 / 256), ADOBE_PROFILE, "rgb16")
    assert_colours(path, COLOURS)
    assert read_photo(path).profile == "Adobe RGB (1998)"


@pytest.mark.parametrize(
    "profile",
    [built_in("p3"), icc_profile("Display P3", para_tag(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045), DISPLAY_P3)],
    ids=["compact", "Apple's curve"],
)
def test_display_p3_of_16_bits(tmp_path: Path, profile: bytes) -> None:
    assert_colours(save(tmp_path / "a.tif", codes_of(COLOURS, DISPLAY_P3, None), profile, "rgb16"), COLOURS)


@pytest.mark.parametrize(
    ("profile", "primaries", "gamma"),
    [(ADOBE_PROFILE, ADOBE, 563 / 256), (built_in("p3"), DISPLAY_P3, None)],
    ids=["Adobe RGB", "Display P3"],
)
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_wide_spaces_of_8_bits_lose_nothing(
    tmp_path: Path, profile: bytes, primaries: tuple, gamma: float | None, name: str
) -> None:
    codes = np.rint(codes_of(COLOURS, primaries, gamma) / 257).astype(np.uint8)
    code = codes[0] / 255
    stored = code**gamma if gamma else srgb_decode(code)
    expected = stored @ (np.linalg.inv(to_xyz(REC709)) @ to_xyz(primaries)).T
    for index, colour in enumerate(codes[0]):  # flat pictures, because JPEG and WebP move colours
        Image.new("RGB", (16, 16), tuple(colour.tolist())).save(
            tmp_path / name, icc_profile=profile, quality=100, subsampling=0, lossless=True
        )
        lossy = name == "a.jpg"
        assert_colours(tmp_path / name, np.repeat(expected[index : index + 1], 16, axis=0), rtol=0.03 if lossy else 0.005)


def test_clipped_white_stays_clipped(tmp_path: Path) -> None:
    white = np.full((4, 4, 3), 255, np.uint8)
    for name, profile in (("adobe", ADOBE_PROFILE), ("p3", built_in("p3"))):
        photo = read_photo(save(tmp_path / f"{name}.png", white, profile, "srgb"))
        assert (photo.pixels == 65535).all()


def test_alpha_of_a_converted_photo_is_not_converted(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (8, 8, 4), dtype=np.uint8)
    photo = read_photo(save(tmp_path / "a.png", codes, built_in("p3"), "srgb"))
    np.testing.assert_array_equal(photo.alpha, codes[..., 3].astype(np.uint16) * 257)


SRGB_CURVE = srgb_decode(np.linspace(0, 1, 1024))
SRGB_VARIANTS = {
    "libvips": built_in("srgb"),
    "lcms": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    "sRGB IEC61966-2.1": icc_profile("sRGB IEC61966-2.1", table_tag(SRGB_CURVE), REC709),
    "under another name": icc_profile(
        "My Camera", para_tag(4, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0, 0), REC709
    ),
}


@pytest.mark.parametrize("variant", SRGB_VARIANTS)
def test_srgb_under_any_name_keeps_its_codes(tmp_path: Path, variant: str) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    photo = read_photo(save(tmp_path / "a.png", codes, SRGB_VARIANTS[variant], "srgb"))
    assert photo.profile == "sRGB"
    np.testing.assert_array_equal(photo.pixels, codes)


def test_a_false_srgb_is_converted(tmp_path: Path) -> None:
    """The name lies: a pure gamma differs from sRGB's curve in the darks, and wide primaries everywhere."""
    codes = np.full((1, 4, 3), 8 * 257, np.uint16)
    gamma = save(tmp_path / "gamma.tif", codes, icc_profile("sRGB", gamma_tag(2.2), REC709), "rgb16")
    assert_colours(gamma, np.full((4, 3), (8 / 255) ** 2.2))
    wide = save(
        tmp_path / "wide.tif", codes_of(COLOURS, ADOBE, None), icc_profile("sRGB", table_tag(SRGB_CURVE), ADOBE), "rgb16"
    )
    assert_colours(wide, COLOURS)


def test_every_parametric_curve(tmp_path: Path) -> None:
    code = np.linspace(0.1, 1, 8)
    curves = {
        para_tag(0, 1.8): code**1.8,
        para_tag(1, 2, 0.9, 0.1): (0.9 * code + 0.1) ** 2,
        para_tag(2, 2, 0.8, 0.1, 0.1): (0.8 * code + 0.1) ** 2 + 0.1,
        para_tag(3, 2, 0.9, 0.1, 0.5, 0.4): np.where(code >= 0.4, (0.9 * code + 0.1) ** 2, 0.5 * code),
        para_tag(4, 2, 0.8, 0.1, 0.5, 0.4, 0.1, 0.05): np.where(code >= 0.4, (0.8 * code + 0.1) ** 2 + 0.1, 0.5 * code + 0.05),
        b"curv" + bytes(8): code,
    }
    for number, (tag, linear) in enumerate(curves.items()):
        codes = np.rint(code * 65535).astype(np.uint16)[None, :, None].repeat(3, axis=2)
        path = save(tmp_path / f"{number}.tif", codes, icc_profile("test", tag, REC709), "rgb16")
        assert_colours(path, linear[:, None].repeat(3, axis=1))


def test_grey_profiles(tmp_path: Path) -> None:
    codes = np.linspace(4000, 65535, 16).astype(np.uint16)[None, :, None]
    path = save(tmp_path / "g.tif", codes, icc_profile("Grey 1.8", gamma_tag(1.8), space=b"GRAY"), "grey16")
    assert_colours(path, ((codes[0] / 65535) ** 1.8).repeat(3, axis=1))
    path = save(tmp_path / "s.tif", codes, icc_profile("Grey", table_tag(SRGB_CURVE), space=b"GRAY"), "grey16")
    np.testing.assert_array_equal(read_photo(path).pixels, codes.repeat(3, axis=2))


def test_a_grey_photo_with_an_rgb_profile(tmp_path: Path) -> None:
    """Editors write that."""
    grey = np.linspace(20, 255, 16).astype(np.uint8)[None, :, None]
    picture = np.dstack([grey, grey[:, ::-1]])
    Image.fromarray(picture, "LA").save(tmp_path / "a.png", icc_profile=ADOBE_PROFILE)
    assert_colours(tmp_path / "a.png", ((grey[0] / 255) ** (563 / 256)).repeat(3, axis=1))
    np.testing.assert_array_equal(read_photo(tmp_path / "a.png").alpha, grey[:, ::-1, 0].astype(np.uint16) * 257)


def test_adobe_rgb_by_exif_alone(tmp_path: Path) -> None:
    """Some cameras embed no profile, and say "R03" instead."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03", 2: b"0100"}
    red = Image.new("RGB", (16, 16), (200, 60, 60))
    red.save(tmp_path / "a.jpg", exif=exif, quality=100, subsampling=0)
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.profile == "Adobe RGB (1998)"
    stored = (np.array([[200, 60, 60]]) / 255) ** (563 / 256)
    expected = stored @ (np.linalg.inv(to_xyz(REC709)) @ to_xyz(ADOBE)).T
    assert_colours(tmp_path / "a.jpg", expected.repeat(16, axis=0), rtol=0.02)


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
@pytest.mark.parametrize("profile", [None, built_in("cmyk")], ids=["no profile", "profile"])
def test_cmyk_has_the_right_sense(tmp_path: Path, name: str, profile: bytes | None) -> None:
    """Pillow writes Adobe's inverted JPEGs, as Photoshop does."""
    inks = Image.new("CMYK", (64, 16), (0, 0, 0, 0))
    inks.paste((255, 0, 0, 0), (16, 0, 32, 16))
    inks.paste((0, 255, 255, 0), (32, 0, 48, 16))
    inks.paste((0, 0, 0, 255), (48, 0, 64, 16))
    inks.save(tmp_path / name, quality=100, **({"icc_profile": profile} if profile else {}))
    photo = read_photo(tmp_path / name)
    assert photo.pixels.dtype == np.uint16
    assert photo.profile == ("Chemical proof" if profile else "CMYK without profile")
    paper, cyan, red, black = (photo.pixels[8, x].astype(float) / 65535 for x in (8, 24, 40, 56))
    assert (paper > 0.97).all()
    assert (black < 0.15).all()
    assert cyan[0] < 0.2
    assert 0.5 < cyan[1] < cyan[2]
    assert red[0] > 0.8
    assert red[1:].max() < 0.4


@pytest.mark.parametrize(
    "profile",
    [b"garbage" * 40, built_in("p3")[:200], ADOBE_PROFILE.replace(b"gTRC", b"xTRC"), ADOBE_PROFILE.replace(b"curv", b"crvx")],
    ids=["garbage", "cut", "a curve is missing", "unknown curve"],
)
def test_a_damaged_profile_is_no_silent_srgb(tmp_path: Path, profile: bytes) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", icc_profile=profile)
    with pytest.raises(PhotoError, match=r"colour profile .* is damaged .*save it as"):
        read_photo(tmp_path / "a.png")


def test_a_profile_for_other_channels_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", icc_profile=built_in("cmyk"))
    with pytest.raises(PhotoError, match=r"is for CMYK.*save it as"):
        read_photo(tmp_path / "a.jpg")


def png_with(path: Path, chunks: dict[bytes, bytes]) -> Path:
    """A PNG of one colour with more chunks before its pixels."""
    Image.new("RGB", (8, 8), (128, 64, 200)).save(path)
    data = path.read_bytes()
    extra = b"".join(
        struct.pack(">I4s", len(body), name) + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks.items()
    )
    path.write_bytes(data[:33] + extra + data[33:])
    return path


def test_png_gamma(tmp_path: Path) -> None:
    linear = np.array([[128, 64, 200]] * 8) / 255
    assert_colours(png_with(tmp_path / "linear.png", {b"gAMA": struct.pack(">I", 100000)}), linear)
    assert_colours(png_with(tmp_path / "mac.png", {b"gAMA": struct.pack(">I", 55556)}), linear**1.8)
    for chunks in ({b"gAMA": struct.pack(">I", 45455)}, {b"sRGB": b"\0", b"gAMA": struct.pack(">I", 100000)}):
        photo = read_photo(png_with(tmp_path / "srgb.png", chunks))
        assert photo.pixels.dtype == np.uint8
        assert photo.profile == "sRGB"


@pytest.mark.parametrize("transfer", [16, 18], ids=["PQ", "HLG"])
def test_an_hdr_png_is_refused(tmp_path: Path, transfer: int) -> None:
    path = png_with(tmp_path / "a.png", {b"cICP": bytes([9, transfer, 0, 1])})
    with pytest.raises(PhotoError, match=r"already HDR.*[Uu]se it directly"):
        read_photo(path)
