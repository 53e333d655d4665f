"""Tilt and field of view are told from what stands upright and at right angles in a photo, if that is sure; else not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hdr_core.camera_tags import CameraTags
from hdr_core.colour import srgb_decode
from hdr_core.projection.choose import choose
from hdr_core.projection.level import find_level
from hdr_core.projection.resample import rotation
from hdr_core.projection.rooms import find_focal
from hdr_core.settings import ConvertSettings

FOCAL = 300.0


def street(pitch: float, roll: float) -> np.ndarray:
    """A row of houses with windows, seen by a camera so tilted: (300, 400, 3) uint8."""
    y, x = np.mgrid[0:300, 0:400] + 0.5
    towards = np.stack([np.full_like(x, FOCAL), 200 - x, 150 - y], -1) @ rotation(pitch, roll, 25).T
    left, up = (towards[..., axis] / np.maximum(towards[..., 0], 1e-3) for axis in (1, 2))
    window = (np.floor(left * 7) % 2 == 0) & (np.floor(up * 5) % 2 == 0)
    grey = np.where(towards[..., 2] < -0.35 * towards[..., 0], 90, np.where(window, 40, 170))
    noise = np.random.default_rng(2).normal(0, 3, grey.shape)
    return np.repeat((grey + noise)[..., None], 3, 2).clip(0, 255).astype(np.uint8)


def room(focal: float) -> np.ndarray:
    """The corner of a room with tiled walls, floor and ceiling, seen a little from above: (300, 400, 3) uint8."""
    y, x = np.mgrid[0:300, 0:400] + 0.5
    towards = np.stack([np.full_like(x, focal), 200 - x, 150 - y], -1) @ rotation(-12, 3, 40).T
    reach = np.array([3.0, 2.5, 1.4]) / np.maximum(np.abs(towards), 1e-9)
    wall = reach.argmin(-1)
    hit = towards * reach.min(-1)[..., None]
    other = np.stack([np.delete(hit, axis, -1) for axis in range(3)])[wall, *np.mgrid[0:300, 0:400]]
    tile = (np.floor(other / 0.7) % 2 == 0).all(-1)
    grey = np.where(tile, 70 + 40 * wall, 200 - 20 * wall) + np.random.default_rng(2).normal(0, 3, wall.shape)
    return np.repeat(grey[..., None], 3, 2).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("focal", [220.0, 380.0])
def test_a_room_tells_the_focal_length(focal: float) -> None:
    assert find_focal(room(focal)) == pytest.approx(focal, rel=0.06)
    view = choose(room(focal), CameraTags(), ConvertSettings("perspective"), Path("a.jpg")).view
    assert view.fov == pytest.approx(2 * np.degrees(np.arctan(200 / focal)), abs=4)
    assert (view.fov_from, view.pitch, view.roll) == ("from the picture", pytest.approx(-12, abs=1.5), pytest.approx(3, abs=1))
    told = choose(room(focal), CameraTags(focal_35mm=50), ConvertSettings("perspective"), Path("a.jpg")).view
    assert told.fov_from == "EXIF, 35 mm equivalent"


@pytest.mark.parametrize("tilt", [(0.0, 0.0), (14.0, -4.0), (-11.0, 6.0)])
def test_houses_tell_how_the_camera_was_held(tilt: tuple[float, float]) -> None:
    codes = street(*tilt)
    for pixels in (codes, codes.astype(np.uint16) * 257, srgb_decode(codes / np.float32(255))):
        level = find_level(pixels, FOCAL)
        assert level is not None
        assert (level.pitch, level.roll) == pytest.approx(tilt, abs=0.7)
    enlarged = codes.repeat(3, 0).repeat(3, 1)
    level = find_level(enlarged, 3 * FOCAL)
    assert level is not None
    assert (level.pitch, level.roll) == pytest.approx(tilt, abs=1)


def test_what_has_no_uprights_tells_nothing() -> None:
    chance = np.random.default_rng(1)
    hills = np.hypot(*np.mgrid[-150:150, 100:500]) + 20 * chance.normal(size=(300, 400))
    for grey in (chance.uniform(0, 255, (300, 400)), hills.clip(0, 255), np.full((300, 400), 128.0), np.zeros((20, 30))):
        pixels = np.repeat(grey[..., None], 3, 2).astype(np.uint8)
        assert find_level(pixels, FOCAL) is None
        assert find_focal(pixels) is None


def test_the_camera_is_believed_first_and_the_user_adds_to_it() -> None:
    codes, settings = street(14, -4), ConvertSettings("perspective", fov=67.4)
    view = choose(codes, CameraTags(), settings, Path("a.jpg")).view
    assert (view.pitch, view.roll) == pytest.approx((14, -4), abs=0.7)
    assert "from the picture" in view.in_words()
    view = choose(codes, CameraTags(pitch=2.0, roll=0.0), settings, Path("a.jpg")).view
    assert (view.pitch, view.roll, view.tilt_from) == (2, 0, "its metadata")
