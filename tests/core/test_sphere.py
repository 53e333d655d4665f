"""The sphere around a photo is filled: softly, with no seam, and the photo's own pixels stay."""

from __future__ import annotations

import numpy as np
import pytest
from light_field import LENSES, Perspective, picture

from hdr_core.projection.resample import Map, rotation, to_map
from hdr_core.sphere import complete


@pytest.fixture(scope="module", params=[0.0, 60.0])
def seen(request: pytest.FixtureRequest) -> Map:
    return to_map(picture(LENSES["perspective"]), LENSES["perspective"], rotation(request.param, 0, 100), 384)


def test_the_photo_stays_and_the_rest_joins_it(seen: Map) -> None:
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


def test_a_photo_smaller_than_all_else() -> None:
    lens = Perspective(32, 24, 600.0)
    made = to_map(np.full((24, 32, 3), 0.5, np.float32), lens, np.eye(3), 256)
    whole = complete(made.pixels, made.covered)
    assert np.isfinite(whole).all()
    assert 0.1 < whole.mean() < 3
