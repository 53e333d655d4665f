"""Rendered skies: the light of the sun is what it is, however few pixels show it."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest

from training import skies

pytestmark = pytest.mark.skipif(bpy.app.version[:2] != (4, 5), reason="other Blenders have another Sky Texture")

SKY = skies.Sky(33.3, 123.4, 1.0, 1.0, 1.0, 100.0, True, 0.545, 1.0, "grey", 0.3)


def rendered(width: int, sky: skies.Sky = SKY) -> skies.Rendered:
    return skies.render(sky, width, np.random.default_rng(0))


def light(panorama: np.ndarray) -> float:
    """Luminance of (H, W, 3), integrated by solid angle."""
    return float(((panorama @ skies.LUMINANCE) * skies.panorama_weights(*panorama.shape[:2], horizontal=False)).sum())


def test_the_light_of_the_sun_does_not_depend_on_the_width():
    small, large = rendered(64), rendered(256)
    np.testing.assert_allclose(small.sun, large.sun, rtol=0.01)
    for sky in (small, large):
        sky.panorama[len(sky.panorama) // 2 :] = 0  # the ground is random
    assert light(small.panorama) == pytest.approx(light(large.panorama), rel=0.02)
    no_sun = rendered(64, replace(SKY, sun_disc=False)).panorama[:16]
    assert light(small.panorama) > 2 * light(np.concatenate([no_sun, np.zeros_like(no_sun)]))


def test_the_sun_is_where_it_is_said_to_be():
    panorama = rendered(256).panorama
    row, column = np.unravel_index(panorama.sum(-1).argmax(), panorama.shape[:2])
    assert 90 - (row + 0.5) / 128 * 180 == pytest.approx(SKY.elevation, abs=1)
    assert (column + 0.5) / 256 * 360 - 180 == pytest.approx(skies.sun_longitude(SKY.rotation), abs=1)


def test_a_hidden_sun_gives_no_light():
    hidden = rendered(64, replace(SKY, sun_disc=False))
    assert not hidden.sun.any()
    assert hidden.panorama.max() < 1000


def test_the_file_keeps_the_light(tmp_path):
    from training.sky_texture import write_exr

    panorama = rendered(256).panorama
    panorama *= np.float32(skies.PEAK / panorama.max())
    write_exr(tmp_path / "sky.exr", panorama)
    image = bpy.data.images.load(str(tmp_path / "sky.exr"))
    pixels = np.empty((128, 256, image.channels), np.float32)
    image.pixels.foreach_get(pixels.ravel())
    assert light(pixels[::-1, :, :3]) == pytest.approx(light(panorama), rel=0.01)
