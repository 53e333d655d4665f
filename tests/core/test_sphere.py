"""The sphere around a photo is filled: softly, with no seam, by a network, too; and the photo's own pixels stay."""

from __future__ import annotations

import numpy as np
import pytest
from light_field import LENSES, Perspective, picture

from hdr_core import sphere_light
from hdr_core.errors import WeightsError
from hdr_core.network import weights as shipped
from hdr_core.network.sphere_net import SphereNet
from hdr_core.projection.resample import Map, rotation, to_map
from hdr_core.sphere import complete


def _seen(pitch: float) -> Map:
    return to_map(picture(LENSES["perspective"]), LENSES["perspective"], rotation(pitch, 0, 100), 384)


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
    rest = (seen.covered == 0)[1:-1] & (seen.covered == 0)[2:] & (seen.covered == 0)[:-2]
    creases = np.abs(log[2:] - 2 * log[1:-1] + log[:-2]).max(-1)[rest]
    assert np.quantile(creases, 0.99) < 0.02  # soft: no cells of the coarse map


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
    monkeypatch.setattr(sphere_light, "_network", SphereNet().eval)
    untrained = complete(seen.pixels, seen.covered)
    hidden = seen.covered == 0
    change = np.abs(np.log(whole[hidden] / untrained[hidden]))
    assert np.median(change) > 0.05
    assert change.max() > 0.3


def test_the_shipped_weights_are_loaded_once_and_checked(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sphere_light._network() is sphere_light._network()
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


def test_a_photo_smaller_than_all_else() -> None:
    lens = Perspective(32, 24, 600.0)
    made = to_map(np.full((24, 32, 3), 0.5, np.float32), lens, np.eye(3), 256)
    whole = complete(made.pixels, made.covered)
    assert np.isfinite(whole).all()
    assert 0.1 < whole.mean() < 3
