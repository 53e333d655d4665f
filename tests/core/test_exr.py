"""What is written to an EXR file is read back, by us and as the format's own library sees it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from hdr_core.errors import OutputError, PhotoError
from hdr_core.exr import SOFTWARE, is_ours, read_exr, write_exr

HEADER = {"software": f"{SOFTWARE} 1.2.3", "projection": "equirectangular", "settings": '{"a": "ä"}'}


@pytest.fixture
def radiance() -> np.ndarray:
    """Smooth light with a small sun."""
    rng = np.random.default_rng(0)
    picture = np.add.outer(np.linspace(0.05, 1, 64), np.linspace(0, 1, 128))[..., None] * rng.uniform(0.5, 1, 3)
    picture[20:24, 40:44] = 60000
    return picture.astype(np.float32)


def test_half_when_all_fits(tmp_path: Path, radiance: np.ndarray) -> None:
    radiance[0, 0] = 65504
    assert write_exr(tmp_path / "a.exr", radiance, header=HEADER) == "half"
    channels = OpenEXR.File(str(tmp_path / "a.exr"), separate_channels=True).channels()
    assert {name: channel.pixels.dtype for name, channel in channels.items()} == dict.fromkeys("RGB", np.dtype("float16"))
    pixels, _ = read_exr(tmp_path / "a.exr")
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, radiance.astype(np.float16).astype(np.float32))


@pytest.mark.parametrize("compression", ["zip", "dwaa"])
@pytest.mark.parametrize("value", [65505, 65520, 1e6, 3e38, -70000])
def test_float_when_a_value_is_beyond_half(tmp_path: Path, radiance: np.ndarray, value: float, compression: str) -> None:
    """Also with DWAA, which would silently cut the sun down to 65504."""
    radiance[0, 0, 1] = value
    assert write_exr(tmp_path / "a.exr", radiance, compression=compression, header=HEADER) == "float"
    pixels, header = read_exr(tmp_path / "a.exr")
    np.testing.assert_array_equal(pixels, radiance)
    assert header["compression"] == OpenEXR.ZIP_COMPRESSION


def test_dwaa_keeps_the_light(tmp_path: Path, radiance: np.ndarray) -> None:
    assert write_exr(tmp_path / "a.exr", radiance, compression="dwaa", header=HEADER) == "half"
    pixels, header = read_exr(tmp_path / "a.exr")
    assert header["compression"] == OpenEXR.DWAA_COMPRESSION
    assert np.isfinite(pixels).all()
    np.testing.assert_allclose(pixels[20:24, 40:44], 60000, rtol=0.02)
    away_from_the_sun = pixels[32:]
    np.testing.assert_allclose(away_from_the_sun, radiance[32:], rtol=0.03, atol=0.01)
    np.testing.assert_allclose(pixels.sum(dtype=float), radiance.sum(dtype=float), rtol=0.01)


def test_header(tmp_path: Path, radiance: np.ndarray) -> None:
    write_exr(tmp_path / "a.exr", radiance, header=HEADER)
    header = OpenEXR.File(str(tmp_path / "a.exr"), header_only=True).header()
    assert {name: header[name] for name in HEADER} == HEADER
    assert header["chromaticities"] == pytest.approx((0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290))
    assert header["compression"] == OpenEXR.ZIP_COMPRESSION
    assert "capDate" not in header


@pytest.mark.parametrize("dtype", ["float32", "uint8", "uint16"])
def test_alpha_is_associated(tmp_path: Path, radiance: np.ndarray, dtype: str) -> None:
    white = 1 if dtype == "float32" else np.iinfo(dtype).max
    alpha = np.zeros((64, 128), dtype)
    alpha[:32] = white
    alpha[16:32] = white / 2
    write_exr(tmp_path / "a.exr", radiance, alpha=alpha, header=HEADER)
    pixels, _ = read_exr(tmp_path / "a.exr")
    assert pixels.shape == (64, 128, 4)
    np.testing.assert_allclose(pixels[..., 3], alpha / white, rtol=1e-3)
    np.testing.assert_allclose(pixels[..., :3], radiance * (alpha / white)[..., None], rtol=2e-3, atol=1e-6)
    assert (pixels[32:] == 0).all()


@pytest.mark.parametrize("compression", ["zip", "dwaa"])
def test_same_input_same_bytes(tmp_path: Path, radiance: np.ndarray, compression: str) -> None:
    for name in ("a.exr", "b.exr"):
        write_exr(tmp_path / name, radiance, compression=compression, header=HEADER)
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()


def test_views_are_written_like_copies(tmp_path: Path, radiance: np.ndarray) -> None:
    write_exr(tmp_path / "a.exr", radiance[::-1, ::2], header=HEADER)
    write_exr(tmp_path / "b.exr", radiance[::-1, ::2].copy(), header=HEADER)
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (17, 33)])
def test_small_and_odd_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).random((*size, 3), dtype=np.float32)
    write_exr(tmp_path / "a.exr", pixels, header={})
    np.testing.assert_allclose(read_exr(tmp_path / "a.exr")[0], pixels, rtol=1e-3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_our_bug(tmp_path: Path, radiance: np.ndarray, value: float) -> None:
    radiance[5, 6, 2] = value
    with pytest.raises(ValueError, match="radiance"):
        write_exr(tmp_path / "a.exr", radiance, header=HEADER)
    assert not list(tmp_path.iterdir())


def test_arguments_of_the_wrong_kind(tmp_path: Path, radiance: np.ndarray) -> None:
    path = tmp_path / "a.exr"
    for wrong in (radiance[..., 0], radiance[..., :2], radiance.astype(np.float64), radiance[:0]):
        with pytest.raises(ValueError, match="radiance"):
            write_exr(path, wrong, header=HEADER)
    for alpha in (np.ones((3, 3), np.float32), np.full((64, 128), 2, np.float32), np.full((64, 128), np.nan, np.float32)):
        with pytest.raises(ValueError, match="alpha"):
            write_exr(path, radiance, alpha=alpha, header=HEADER)
    for header in ({"compression": "x"}, {"dataWindow": "x"}, {"": "x"}, {"number": 3}):
        with pytest.raises(ValueError, match="header"):
            write_exr(path, radiance, header=header)
    assert not list(tmp_path.iterdir())


def test_is_ours(tmp_path: Path, radiance: np.ndarray) -> None:
    write_exr(tmp_path / "ours.exr", radiance, header=HEADER)
    assert is_ours(tmp_path / "ours.exr")
    write_exr(tmp_path / "theirs.exr", radiance, header={"software": "LDR to HDRIfy 3"})
    write_exr(tmp_path / "nobodys.exr", radiance, header={})
    (tmp_path / "text.exr").write_text(f"software {SOFTWARE} 1")
    (tmp_path / "cut.exr").write_bytes((tmp_path / "ours.exr").read_bytes()[:50])
    for path in ("theirs.exr", "nobodys.exr", "text.exr", "cut.exr", "missing.exr", "."):
        assert not is_ours(tmp_path / path), path


def test_reading_what_is_damaged_or_no_exr(tmp_path: Path, radiance: np.ndarray) -> None:
    write_exr(tmp_path / "a.exr", radiance, header=HEADER)
    data = (tmp_path / "a.exr").read_bytes()
    for size in (0, 3, 50, 400, len(data) // 2, len(data) - 1):
        (tmp_path / "cut.exr").write_bytes(data[:size])
        with pytest.raises(PhotoError, match=r"cut\.exr"):
            read_exr(tmp_path / "cut.exr")
    OpenEXR.File({}, {"Y": np.ones((4, 4), np.float32)}).write(str(tmp_path / "grey.exr"))
    for name in ("grey.exr", "missing.exr", "."):
        with pytest.raises(PhotoError):
            read_exr(tmp_path / name)


def test_an_existing_file_is_replaced_only_if_allowed(tmp_path: Path, radiance: np.ndarray) -> None:
    path = tmp_path / "a.exr"
    path.write_text("precious")
    with pytest.raises(OutputError, match=r"exists already.*overwritten"):
        write_exr(path, radiance, header=HEADER)
    assert path.read_text() == "precious"
    write_exr(path, radiance, header=HEADER, overwrite=True)
    assert is_ours(path)
    assert [file.name for file in tmp_path.iterdir()] == ["a.exr"]
