"""Flat textures: what tiles stays tileable, what holds no light is told by its name, and .hdr files hold what was written."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from hdr_core.errors import PhotoError
from hdr_core.exr import SOFTWARE
from hdr_core.hdr_file import read_radiance
from hdr_core.library.patterns import matches
from hdr_core.library.texture_names import data_maps
from hdr_core.library.writer import smaller
from hdr_core.network.padding import tiling
from hdr_core.photo import Photo
from hdr_core.reconstruct import reconstruct
from hdr_core.rgbe import is_our_hdr, write_hdr
from hdr_core.seam import edges_join


def texture(height: int, width: int) -> np.ndarray:
    """16-bit code values of a texture that tiles, with lights that clip across its left and its upper edge."""
    y, x = np.mgrid[0:height, 0:width]
    y, x = y / height, x / width

    def light(row: float, column: float) -> np.ndarray:
        down, right = (np.minimum(abs(at - middle), 1 - abs(at - middle)) for at, middle in ((y, row), (x, column)))
        return 1.2 * np.exp(-((down / 0.1) ** 2) - (right / 0.08) ** 2)

    waves = 0.45 + 0.15 * np.sin(6 * np.pi * x) * np.cos(4 * np.pi * y)
    colour = (waves + light(0.3, 0) + light(0, 0.6))[..., None] * [1, 0.95, 0.85]
    return np.rint(colour.clip(0, 1) * 65535).astype(np.uint16)


def seams(radiance: np.ndarray) -> list[float]:
    """For both pairs of edges: the largest step from one to the other, over the largest step between two lines inside."""
    log = np.log(radiance + 1e-3)
    steps = [np.abs(np.diff(np.moveaxis(log, axis, 0), axis=0)).max() for axis in (0, 1)]
    across = [np.abs(lines[0] - lines[-1]).max() for lines in (log, np.moveaxis(log, 1, 0))]
    return [float(edge / inside) for edge, inside in zip(across, steps, strict=True)]


def test_a_texture_that_tiles_has_no_seam_afterwards() -> None:
    photo = Photo(texture(256, 512), None, "sRGB")
    found = {}
    for tiles in (False, True):
        with tiling() if tiles else nullcontext():
            found[tiles] = reconstruct(photo, panorama=False, device="cpu", tile=100).pixels
    assert found[True].max() > 2
    assert max(seams(found[True])) < 0.5 * max(seams(found[False]))
    assert max(seams(found[True])) < 0.35  # 1 would be the largest step inside


def test_whether_edges_join_is_seen() -> None:
    tiles = texture(160, 192)
    assert edges_join(tiles)
    assert edges_join((tiles // 257).astype(np.uint8))
    assert not edges_join(tiles[:, :-40])
    assert not edges_join(tiles[:-40])


def test_a_smaller_picture_shows_the_same_light_through_its_alpha() -> None:
    rng = np.random.default_rng(1)
    light = rng.random((37, 50, 3), np.float32) * 9
    alpha = rng.integers(0, 256, (37, 50)).astype(np.uint8)
    alpha[:10] = 0
    few, opacity = smaller(light, alpha, (8, 11), panorama=False)
    assert opacity is not None
    shown = (light * (alpha[..., None] / np.float32(255))).mean((0, 1))
    np.testing.assert_allclose((few * opacity[..., None]).mean((0, 1)), shown, rtol=1e-5)
    assert np.isfinite(few).all()


def test_data_and_reflectance_are_told_by_their_names() -> None:
    names = ["brick_nor_gl_1k", "brick_diff_1k", "Tile01_2K-JPG_Roughness", "Tile01_2K-JPG_Color", "sign_emit", "sign_alpha_4k"]
    assert set(data_maps(names)) == set(names) - {"sign_emit"}
    assert data_maps(["old_metal", "color_run", "plaza", "street mask", "back to normal", "Lamp_Emission", "normal"]) == {}


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("a/b.JPG", "*.jpg", True),
        ("a/b/c.jpg", "a/*", False),
        ("a/b/c.jpg", "a/**", True),
        ("c.jpg", "**/c.jpg", True),
        ("a/b/c.jpg", "b/", True),
        ("a/b/c.jpg", "/b/", False),
        ("x[1].jpg", "x[[]1].jpg", True),
        ("b.jpg", "[!a-c].jpg", False),
    ],
)
def test_patterns(path: str, pattern: str, fits: bool) -> None:
    assert matches(path, [pattern]) is fits


@pytest.mark.parametrize("width", [5, 300, 33000])
def test_an_hdr_file_holds_the_light(width: int, tmp_path: Path) -> None:
    light = np.exp(np.random.default_rng(width).normal(0, 4, (6, width, 3))).astype(np.float32)
    light[0], light[1, :, 1:], light[2], light[3] = 0, 0, 1, 65504
    write_hdr(tmp_path / "a.hdr", light, header={"software": f"{SOFTWARE} 1", "peak": "1\n2"})
    back = read_radiance(tmp_path / "a.hdr", 2**20)
    assert b"\npeak=1 2\n" in (tmp_path / "a.hdr").read_bytes()
    assert (back[2] == 1).all()  # not half a step more
    assert (np.abs(back - light) <= light.max(-1, keepdims=True) / 255 + 1e-30).all()
    assert is_our_hdr(tmp_path / "a.hdr")
    (tmp_path / "a.hdr").write_bytes((tmp_path / "a.hdr").read_bytes()[:-9])
    with pytest.raises(PhotoError, match="damaged"):
        read_radiance(tmp_path / "a.hdr", 2**20)
