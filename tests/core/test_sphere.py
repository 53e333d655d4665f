"""The sphere around a photo is filled: softly, with no seam, by a network, too; and the photo's own pixels stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from light_field import LENSES, Perspective, picture

from hdr_core import ConvertSettings
from hdr_core import whole as whole_sphere
from hdr_core.camera_tags import CameraTags
from hdr_core.errors import WeightsError
from hdr_core.network import weights as shipped
from hdr_core.network.sphere_net import SphereNet
from hdr_core.projection.choose import choose
from hdr_core.projection.resample import Map, rotation, to_map
from hdr_core.sphere import complete as completing
from hdr_core.sphere import expected
from hdr_core.sphere.complete import complete
from hdr_core.sphere.edge import find_edge
from hdr_core.sphere.grid import enlarged
from hdr_core.sphere.patch import row_areas
from hdr_core.whole import as_sphere


def _seen(pitch: float) -> Map:
    return to_map(picture(LENSES["perspective"]), LENSES["perspective"], rotation(pitch, 0, 100), 384)


def _angle_from(covered: np.ndarray) -> np.ndarray:
    """Degrees from each pixel to what is covered."""
    angle = find_edge(torch.from_numpy(covered)[None, None]).angle
    return np.where(covered > 0, 0, np.degrees(enlarged(angle, covered.shape)[0, 0].numpy()))


@pytest.fixture(scope="module")
def seen() -> Map:
    return _seen(60)


@pytest.fixture(scope="module")
def whole(seen: Map) -> np.ndarray:
    return complete(seen.pixels, seen.covered)


@pytest.mark.parametrize("pitch", [0, 60])
def test_the_photo_stays_and_the_rest_joins_it(pitch: float) -> None:
    seen = _seen(pitch)
    whole = complete(seen.pixels, seen.covered)
    assert np.isfinite(whole).all()
    assert (whole > 0).all()
    inside = seen.covered == 1
    np.testing.assert_array_equal(whole[inside], seen.pixels[inside])
    log = np.log(whole)
    steps = np.abs(log - np.roll(log, 1, 1)).max(-1)
    edge = inside != np.roll(inside, 1, 1)
    assert np.quantile(steps[edge], 0.95) < 0.1  # the transition is invisible
    assert steps[:, 0].max() < 0.1  # and so is the wrap
    for pole in (log[0], log[-1]):  # beyond it the same row goes on, half around
        assert np.abs(pole - np.roll(pole, len(pole) // 2, 0)).max() < 0.15
    far = _angle_from(seen.covered) > 25
    creases = np.abs(log[2:] - 2 * log[1:-1] + log[:-2]).max(-1)[far[1:-1]]
    assert np.quantile(creases, 0.99) < 0.02  # soft: no cells of the coarse map


def test_nothing_shows_where_the_photo_ends() -> None:
    rng = np.random.default_rng(2)
    lens = Perspective(400, 300, 300.0)
    light = np.exp(rng.normal(-1.5, 0.4, (75, 100, 1)).repeat(4, 0).repeat(4, 1) + np.linspace(-1, 1, 400)[:, None])
    made = to_map(np.repeat(light, 3, 2).astype(np.float32), lens, rotation(10, 0, 0), 1024)
    log = np.log(complete(made.pixels, made.covered)).mean(-1)
    away, into = _angle_from(made.covered), _angle_from(1 - made.covered)
    fine = np.abs(np.diff(log, axis=1, append=log[:, :1]))

    def ring(values: np.ndarray, angle: np.ndarray, low: float, high: float) -> float:
        return float(values[(angle > low) & (angle <= high)].mean())

    assert abs(ring(log, away, 0, 4) - ring(log, into, 0, 4)) < 0.05  # neither a rim nor a halo
    inside, outside, farther = ring(fine, into, 0, 1.5), ring(fine, away, 0, 1.5), ring(fine, away, 15, 20)
    assert outside > 0.7 * inside  # the photo does not end sharp against a blur
    assert ring(fine, away, 1.5, 3) > 0.3 * inside
    assert farther < 0.15 * inside
    left, right = (log[240:270, columns].mean() for columns in (slice(395, 405), slice(619, 629)))
    assert right - left > 1.2  # each side goes on with its own light


def _meadow(sun: float = 0.0) -> Map:
    """A view of 60 degrees: rough ground, a smooth sky, and perhaps a sun in it."""
    rng = np.random.default_rng(2)
    lens = Perspective(400, 300, 346.0)
    log = np.linspace(1, -1, 300)[:, None] + np.zeros((300, 400))
    log[160:] += rng.normal(-1, 0.5, (35, 100)).repeat(4, 0).repeat(4, 1)
    light = np.repeat(np.exp(log)[..., None], 3, 2).astype(np.float32)
    if sun:
        light[60:66, 300:306] = sun
    return to_map(light, lens, np.eye(3), 1024)


def test_the_photos_detail_goes_on_at_its_elevation_and_softens() -> None:
    made = _meadow()
    log = np.log(complete(made.pixels, made.covered)).mean(-1)
    fine = np.abs(np.diff(log, axis=1, append=log[:, :1]))
    ground, sky = slice(280, 320), slice(200, 240)
    right = np.flatnonzero(made.covered[300] == 1)[-1]
    photo = fine[ground, 512:right].mean()
    near, far, farther = (
        fine[ground, right + round(begin * 1024 / 360) : right + round(end * 1024 / 360)].mean()
        for begin, end in ((2, 8), (12, 18), (40, 50))
    )
    assert 0.5 * photo < near < 1.2 * photo
    assert farther < 0.3 * far
    assert far < 0.6 * near
    assert fine[sky, right + 6 : right + 60].max() < 0.05  # what is smooth stays so


def test_detail_around_the_photo_leaves_the_light_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _meadow()
    whole = complete(made.pixels, made.covered)
    monkeypatch.setattr(completing, "detailed", lambda log, _share, _edge: log)
    plain = complete(made.pixels, made.covered)
    area = row_areas(*made.covered.shape)[:, None, None]
    cells = [(light * area).reshape(8, 64, 16, 64, 3).sum((1, 3)) for light in (whole, plain)]
    assert np.abs(whole - plain).max() > 0.1
    assert np.abs(np.log(cells[0] / cells[1])).max() < 0.1
    assert abs(np.log(cells[0].sum() / cells[1].sum())) < 0.01


def test_a_sun_in_the_photo_is_seen_once() -> None:
    made = _meadow(sun=20000.0)
    whole = complete(made.pixels, made.covered)
    assert whole[made.covered == 1].max() > 1000
    assert whole[_angle_from(made.covered) > 1].max() < 10


@pytest.mark.parametrize("top", [6.0, 0.6])
def test_sky_and_ground_go_on_beside_the_photo_as_far_as_one_looks(top: float) -> None:
    """A sky of one light, brighter or darker than the ground: 20 degrees beside the photo it is the same sky, and ground."""
    lens = Perspective(120, 90, 90.0)
    light = np.full((90, 120, 3), 0.2 if top > 1 else 1.5, np.float32)
    light[:45] = np.array([0.7, 0.9, 1.2]) * top
    made = to_map(light, lens, np.eye(3), 256)
    log = np.log(complete(made.pixels, made.covered))
    for row in (52, 60, 67, 76):  # 17 and 5 degrees up and down: the horizon does not blur
        shown = log[row][made.covered[row] == 1].mean(0)
        right = np.flatnonzero(made.covered[row] == 1)[-1]
        for degrees in (5, 12, 20):
            beside = log[row, right + round(degrees * 256 / 360)]
            assert np.abs(beside - shown).max() < 0.2 + 0.01 * degrees


def test_the_light_turns_with_the_photo_and_is_the_same_each_time(seen: Map, whole: np.ndarray) -> None:
    np.testing.assert_array_equal(complete(seen.pixels, seen.covered), whole)
    turned = complete(np.roll(seen.pixels, 151, 1), np.roll(seen.covered, 151, 1))
    assert np.abs(np.log(np.roll(turned, -151, 1) / whole)).max() < 0.01


def test_a_band_around_the_horizon_has_no_middle_and_its_light_turns_all_the_same() -> None:
    rng = np.random.default_rng(3)
    light = np.repeat(rng.uniform(0.1, 1, (64, 1, 3)), 256, 1).astype(np.float32)
    light[30:34, 20:40] = 4
    covered = np.zeros((128, 256), np.float32)
    covered[32:96] = 1
    pixels = np.zeros((128, 256, 3), np.float32)
    pixels[32:96] = light
    whole = complete(pixels, covered)
    turned = complete(np.roll(pixels, 5, 1), np.roll(covered, 5, 1))
    assert np.abs(np.log(np.roll(turned, -5, 1) / whole)).max() < 0.1


def test_the_network_tells_light_that_the_photo_does_not_hold(
    seen: Map, whole: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expected, "_network", SphereNet().eval)
    untrained = complete(seen.pixels, seen.covered)
    hidden = seen.covered == 0
    change = np.abs(np.log(whole[hidden] / untrained[hidden]))
    assert np.median(change) > 0.05
    assert change.max() > 0.15


def test_the_shipped_weights_are_loaded_once_and_checked(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert expected._network() is expected._network()
    data = bytearray(shipped.SPHERE_WEIGHTS.read_bytes())
    assert len(data) < 2**21
    data[-9] ^= 1
    damaged = tmp_path / "sphere.safetensors"
    damaged.write_bytes(data)
    with pytest.raises(WeightsError, match="checksum"):
        shipped.load_sphere_network(damaged)
    with pytest.raises(WeightsError, match="record"):
        shipped.load_sphere_network(record=shipped.RECORD)


def test_light_above_and_below_is_that_of_the_photos_top_and_bottom() -> None:
    lens = Perspective(200, 150, 150.0)
    light = np.full((150, 200, 3), 0.2, np.float32) * np.array([0.6, 1.2, 0.6], np.float32)
    light[:60] = [0.4, 0.7, 1.6]
    made = to_map(light, lens, np.eye(3), 256)
    whole = complete(made.pixels, made.covered)
    zenith, nadir = whole[:20].mean((0, 1)), whole[-20:].mean((0, 1))
    assert zenith[2] / zenith[1] > 1.5
    assert nadir[1] / nadir[2] > 1.5
    assert zenith.sum() > nadir.sum()


def test_a_lamp_at_the_border_does_not_shine_across_the_sky() -> None:
    lens = Perspective(200, 150, 150.0)
    light = np.full((150, 200, 3), 0.3, np.float32)
    light[:12, 90:102] = 5000
    made = to_map(light, lens, np.eye(3), 256)
    whole = complete(made.pixels, made.covered)
    hidden = np.where(made.covered[..., None] == 0, whole, 0)
    assert np.median(hidden[hidden > 0]) < 1.5
    assert (hidden > 500).mean() < 0.002


@pytest.mark.parametrize("level", [0.0, 1e-7, 1e6])
def test_a_photo_of_any_brightness(level: float, seen: Map, whole: np.ndarray) -> None:
    exposed = complete(seen.pixels * np.float32(level), seen.covered)
    assert np.isfinite(exposed).all()
    if level:
        assert np.abs(np.log(exposed / level / whole)).max() < 0.01  # exposure changes nothing else
    else:
        assert exposed.max() < 0.01


@pytest.mark.parametrize("opaque", [0.3, 0.9])
def test_a_photo_that_is_half_transparent_has_no_edge(opaque: float) -> None:
    whole = complete(np.full((64, 128, 3), 0.5, np.float32), np.full((64, 128), opaque, np.float32))
    assert np.isfinite(whole).all()
    assert 0.2 < whole.min() <= whole.max() < 1.5


def test_a_photo_smaller_than_all_else() -> None:
    lens = Perspective(32, 24, 600.0)
    made = to_map(np.full((24, 32, 3), 0.5, np.float32), lens, np.eye(3), 256)
    whole = complete(made.pixels, made.covered)
    assert np.isfinite(whole).all()
    assert 0.1 < whole.mean() < 3


def test_a_gpu_without_room_leaves_the_sphere_to_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, light = ConvertSettings(projection="perspective", fov=60), np.full((30, 40, 3), 0.5, np.float32)
    chosen = choose(light, CameraTags(), settings, Path("photo.jpg"))
    wanted = as_sphere(light, None, chosen, settings, lambda _: None)
    monkeypatch.setattr(whole_sphere, "choose_device", lambda _: "cuda")
    monkeypatch.setattr(whole_sphere, "free_memory", lambda _: 2**20)
    made = as_sphere(light, None, chosen, settings, lambda _: None)
    np.testing.assert_array_equal(made.pixels, wanted.pixels)
