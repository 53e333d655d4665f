"""The sun is found where it is and as strong as it is, whatever the resolution; what is no sun is not called one."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from hdr_core.client import WorkerClient
from hdr_core.colour import srgb_decode
from hdr_core.errors import OutputError, PhotoError
from hdr_core.exr import read_exr, write_exr
from hdr_core.light import dynamic_range, find_sun
from hdr_core.photo import Photo
from hdr_core.result import range_of
from hdr_core.sphere.patch import cut_patch, row_areas
from hdr_core.sun import LUMINANCE, Sun
from hdr_core.sun_split import without_sun
from hdr_core.survey import Survey, survey
from hdr_core.survey_gpu import survey_on
from hdr_core.transfer import Transfers

WARM = np.array([1.1, 1.0, 0.8])


def as_a_gpu_reads(pixels: np.ndarray) -> Survey:
    return survey_on(torch.from_numpy(pixels), Transfers(torch.device("cpu"))).arrived()


def towards(azimuth: float, elevation: float) -> np.ndarray:
    a, e = math.radians(azimuth), math.radians(elevation)
    return np.array([math.cos(e) * math.cos(a), math.cos(e) * math.sin(a), math.sin(e)])


def sky(width: int, discs: list[tuple[float, float, float, float]] = (), below: float = 0.2) -> np.ndarray:
    """Brighter at the horizon, with even discs (azimuth, elevation, diameter, irradiance) drawn four times as fine."""
    height = width // 2
    up = np.sin(np.pi * (0.5 - (np.arange(height) + 0.5) / height))[:, None, None]
    picture = np.where(up > 0, 0.9 - 0.5 * up, below) * np.ones((height, width, 3))
    for azimuth, elevation, diameter, irradiance in discs:
        patch = cut_patch(4 * height, 4 * width, towards(azimuth, elevation), math.radians(diameter))
        inside = (patch.angle <= math.radians(diameter / 2)) * patch.area
        light = irradiance * inside / inside.sum()
        rows, columns = np.broadcast_arrays(patch.rows[:, None] // 4, patch.columns[None] // 4)
        share = np.zeros((height, width))
        np.add.at(share, (rows, columns), light)
        picture += (share / row_areas(height, width)[:, None])[..., None] * WARM
    return picture.astype(np.float32)


def apart(sun: Sun, azimuth: float, elevation: float) -> float:
    return math.degrees(math.acos(min(1, float(np.dot(sun.direction, towards(azimuth, elevation))))))


@pytest.mark.parametrize("place", [(0, 45), (90, 10), (-90, 60), (179.9, 30), (-179.95, 5), (20, 89.5), (-60, 88), (33, 1)])
@pytest.mark.parametrize("width", [512, 1024, 2048])
def test_a_sun_is_found_where_it_is_and_as_strong_as_it_is(place, width):
    sun = find_sun(sky(width, [(*place, 0.8, 3.0)]))
    assert sun is not None
    assert apart(sun, *place) < 0.1
    assert sun.irradiance == pytest.approx(3.0 * WARM, rel=0.02)
    assert 0.7 < sun.diameter < 0.85 + 1.1 * 360 / width  # no finer than a pixel


@pytest.mark.parametrize("width", [512, 2048, 4096])
def test_a_wide_sun_has_its_own_diameter(width):
    sun = find_sun(sky(width, [(-36, 40, 2.5, 4.0)]))
    assert sun.diameter == pytest.approx(2.5, rel=0.06 if width > 512 else 0.12)
    assert sun.luminous == pytest.approx(4.0 * float(WARM @ [0.2126, 0.7152, 0.0722]), rel=0.02)


@pytest.mark.parametrize(
    "discs",
    [
        [],
        [(10, 40, 15, 5.0)],  # a window
        [(10, 40, 0.6, 0.05)],  # a glint
        [(10, 40, 1, 3.0), (100, 40, 1, 3.0)],  # two lamps
        [(10, -40, 0.6, 3.0)],  # from below
    ],
    ids=["overcast", "window", "glint", "lamps", "below"],
)
def test_what_is_no_sun_is_not_called_one(discs):
    assert find_sun(sky(1024, discs)) is None


def test_black_and_tiny_panoramas_have_none():
    assert find_sun(np.zeros((64, 128, 3), np.float32)) is None
    assert find_sun(np.ones((4, 8, 3), np.float32)) is None


def test_what_is_taken_out_is_the_sun_and_all_of_it():
    before = sky(1024, [(179.8, 25, 0.7, 3.0)])
    sun = find_sun(before)
    after = without_sun(before, sun)
    areas = row_areas(512, 1024)[:, None, None]
    taken = ((before.astype(float) - after) * areas).sum((0, 1))
    assert taken == pytest.approx(sun.irradiance, rel=1e-4)
    assert (after <= before).all()
    assert after == pytest.approx(sky(1024), abs=0.02)
    assert find_sun(after) is None


def test_dynamic_range_in_stops():
    ramp = np.geomspace(2.0**-8, 1.0, 4096, dtype=np.float32).reshape(64, 64, 1).repeat(3, -1)
    assert dynamic_range(ramp) == pytest.approx(8, abs=0.02)
    ramp[3, 3] = 2.0**14
    assert dynamic_range(ramp) == pytest.approx(22, abs=0.02)
    assert dynamic_range(np.zeros_like(ramp)) == 0


@pytest.mark.parametrize("read", [survey, as_a_gpu_reads])
def test_one_reading_finds_what_the_pixels_say(read):
    pixels = np.random.default_rng(0).random((301, 463, 3), np.float32)
    pixels[200, 17] = 0, 0, 9.0  # the largest number; not the brightest pixel
    pixels[13, 400] = 0, 3.0, 0
    seen = read(pixels)
    light = pixels @ np.array(LUMINANCE, np.float32)
    assert (seen.largest, seen.brightest) == (9.0, pytest.approx(light.max(), rel=1e-6))
    assert seen.coarse.shape == (128, 256)
    cell = light[301 * 50 // 128 : 301 * 51 // 128, 463 * 77 // 256 : 463 * 78 // 256]
    assert seen.coarse[50, 77] == pytest.approx(cell.mean(), rel=1e-5)


def test_the_range_of_codes_is_that_of_their_light():
    codes = np.random.default_rng(0).integers(3, 256, (700, 1400, 3), np.uint8)
    light = srgb_decode(codes / np.float32(255))
    assert range_of(Photo(codes, None, "sRGB")) == pytest.approx(dynamic_range(light), abs=0.05)


def test_a_file_is_split_by_the_worker(client: WorkerClient, tmp_path: Path) -> None:
    before = sky(256, [(30, 40, 1.5, 3.0)])
    write_exr(tmp_path / "lit.exr", before, header={"weights": "w1"})
    sun = client.split(tmp_path / "lit.exr", tmp_path / "lit.nosun.exr").wait()
    assert Sun.from_plain(json.loads(json.dumps(asdict(sun)))) == sun
    pixels, header = read_exr(tmp_path / "lit.nosun.exr")
    assert pixels.max() < 1
    assert header["weights"] == "w1"
    assert header["sunRemoved"] == sun.in_numbers()
    assert client.split(tmp_path / "lit.exr", tmp_path / "lit.nosun.exr").wait() == sun  # replaces its own file
    with pytest.raises(PhotoError, match="No sun"):
        client.split(tmp_path / "lit.nosun.exr", tmp_path / "none.exr").wait()
    (tmp_path / "foreign.exr").write_bytes(b"mine")
    with pytest.raises(OutputError):
        client.split(tmp_path / "lit.exr", tmp_path / "foreign.exr").wait()
    assert (tmp_path / "foreign.exr").read_bytes() == b"mine"
    assert not (tmp_path / "none.exr").exists()
