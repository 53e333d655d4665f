"""Known skies: the integrals are right, and a sun's error is measured as it is."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import skies as benchmark
from training import skies

HEIGHT, WIDTH = 128, 256
SUN = benchmark.Sun(longitude=50.0, elevation=35.0, radius=5.0)


def sky_with_sun(sun: float, height: int = HEIGHT) -> np.ndarray:
    """(height, 2 * height, 3): an even sky of 0.5, a ground of 0.1, and a sun of 3 degrees that is `sun` bright."""
    radiance = np.full((height, 2 * height, 3), 0.5)
    radiance[height // 2 :] = 0.1
    radiance[benchmark.distance(height, 2 * height, SUN.longitude, SUN.elevation) < 3] = sun
    return radiance


def test_an_even_sky_gives_pi_and_the_sphere_is_four_pi():
    weights = skies.panorama_weights(HEIGHT, WIDTH, horizontal=True)
    assert weights.sum() * WIDTH == pytest.approx(np.pi)
    assert not weights[HEIGHT // 2 :].any()
    assert skies.panorama_weights(HEIGHT, WIDTH, horizontal=False).sum() * WIDTH == pytest.approx(4 * np.pi)


def test_the_windows_of_a_panorama_are_parts_of_its_integral():
    whole = skies.panorama_weights(HEIGHT, WIDTH, horizontal=True)[8:12]
    top, bottom = (np.pi * (0.5 - row / HEIGHT) for row in (8, 12))
    fine = skies.row_weights(top, bottom, 4 * 7, 2 * np.pi / WIDTH / 7, horizontal=True)
    np.testing.assert_allclose(fine.reshape(4, 7).sum(1) * 7, whole[:, 0])


def test_a_tilted_gradient_has_its_closed_form():
    """Radiance z over the upper hemisphere: the integral of z squared is 2 pi / 3."""
    z = skies.directions(512, 1024)[..., 2]
    assert (z * skies.panorama_weights(512, 1024, horizontal=True)).sum() == pytest.approx(2 * np.pi / 3, rel=1e-4)


def test_directions_follow_blender():
    seen = skies.directions(HEIGHT, WIDTH)
    np.testing.assert_allclose(np.linalg.norm(seen, axis=-1), 1)
    for pixel, axis in (((64, 128), (1, 0, 0)), ((64, 64), (0, 1, 0)), ((0, 0), (0, 0, 1))):
        np.testing.assert_allclose(seen[pixel], axis, atol=0.03)


def test_the_ground_is_as_bright_as_asked_and_meets_the_sky():
    horizon = np.tile((3.0, 2.0, 1.0), (WIDTH, 1))
    wanted = np.array((0.3, 0.2, 0.1))
    ground = skies.ground(256, WIDTH, wanted, horizon, np.random.default_rng(0))
    np.testing.assert_allclose(ground[0], horizon, rtol=0.05)
    np.testing.assert_allclose(ground[16:].mean((0, 1)), wanted, rtol=0.15)
    assert (ground > 0).all()
    np.testing.assert_allclose(ground[:, 0], ground[:, -1], rtol=0.05)  # no seam


def test_drawn_skies_are_of_real_weather():
    drawn = [skies.draw(np.random.default_rng([0, i]), 0.85) for i in range(400)]
    assert drawn[7] == skies.draw(np.random.default_rng([0, 7]), 0.85)
    elevations = np.array([sky.elevation for sky in drawn])
    assert 2 <= elevations.min() < 8
    assert 79 < elevations.max() <= 85
    assert np.mean([sky.sun_disc for sky in drawn]) == pytest.approx(0.85, abs=0.06)
    assert np.mean([sky.sun_intensity == 1 for sky in drawn]) > 0.7
    assert all(sky.sun_disc for sky in (skies.draw(np.random.default_rng(i), 1.0) for i in range(50)))


@pytest.mark.parametrize("rotation", [0.0, 90.0, 271.0])
@pytest.mark.parametrize("elevation", [2.0, 40.0, 85.0])
def test_the_window_holds_the_disc(rotation, elevation):
    sky = skies.Sky(elevation, rotation, 1, 1, 1, 0, True, 0.545, 1.0, "grey", 0.2)
    height, width = 1024, 2048
    top, bottom, left, right = skies.window(sky, height, width)
    disc = benchmark.distance(height, width, skies.sun_longitude(rotation), elevation) < sky.sun_size / 2
    assert disc.any()
    held = np.zeros_like(disc)
    held[top:bottom, np.arange(left, right) % width] = True
    assert not (disc & ~held).any()
    assert held.mean() < 0.001


def test_the_truth_has_no_error_at_any_exposure_or_size():
    truth = sky_with_sun(20000.0)
    assert benchmark.error(truth, truth, SUN) == 0
    assert benchmark.error(3 * truth, truth, SUN) == pytest.approx(0)
    assert benchmark.error(sky_with_sun(20000.0, 512), truth, SUN) == pytest.approx(0, abs=0.1)


def test_half_the_sun_is_one_stop_too_dark():
    assert benchmark.error(sky_with_sun(10000.0), sky_with_sun(20000.0), SUN) == pytest.approx(-1, abs=0.001)
    assert benchmark.error(sky_with_sun(80000.0), sky_with_sun(20000.0), SUN) == pytest.approx(2, abs=0.001)


def test_energy_is_the_whole_light():
    assert benchmark.energy(np.full((64, 128, 3), 2.0)) == pytest.approx(np.log2(8 * np.pi))


@pytest.mark.parametrize("clipped", [0.003, 0.08])
def test_the_asked_share_clips(clipped):
    truth = np.random.default_rng(1).random((HEIGHT, WIDTH, 3))
    photo = benchmark.exposed(truth, clipped)
    area = np.broadcast_to(skies.panorama_weights(HEIGHT, WIDTH, horizontal=False), (HEIGHT, WIDTH))
    assert area[photo.max(-1) >= 1].sum() / area.sum() == pytest.approx(clipped, abs=0.0005)
    codes = benchmark.photograph(photo)
    assert ((codes.max(-1) == 255) >= (photo.max(-1) >= 1)).all()


def test_a_smaller_photo_shows_the_same_light():
    truth = sky_with_sun(5000.0)
    assert benchmark.energy(benchmark.smaller(truth, WIDTH // 4)) == pytest.approx(benchmark.energy(truth), abs=0.02)


def test_the_cap_holds_the_clipped_blob():
    truth = sky_with_sun(5.0)
    assert benchmark.cap_radius(truth, SUN.longitude, SUN.elevation) == 4
    truth[benchmark.distance(HEIGHT, WIDTH, SUN.longitude, SUN.elevation) < 11] = 2
    assert benchmark.cap_radius(truth, SUN.longitude, SUN.elevation) == 11


def test_the_summary_says_what_it_is_given(capsys):
    errors = {512: (-0.2, 0.0, 0.4), 1024: (-0.1, 0.1, 3.0)}
    measured = []
    for i in range(3):
        seen = {width: {"error": e[i], "energy": 0.05 * i * (width == 512)} for width, e in errors.items()}
        measured.append({"widths": {width: {"taken": found, "resized": found} for width, found in seen.items()}})
    found = benchmark.summary(measured, [512, 1024])
    assert found["widths"]["taken"][512]["median"] == 0
    assert found["widths"]["resized"][1024]["within"] == pytest.approx(2 / 3)
    assert found["spread"] == pytest.approx({"median": 0.05, "most": 0.1})
    assert not benchmark.report(found)
    assert "FAIL: 90% within 1.5 stops" in capsys.readouterr().out
