"""The conversion on a CUDA GPU. Skipped where there is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hdr_core.photo import Photo
from hdr_core.reconstruct import reconstruct

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU on this machine")


@pytest.fixture(scope="module")
def photo() -> Photo:
    rng = np.random.default_rng(3)
    height, width = 512, 1024
    y, x = np.mgrid[0:height, 0:width]
    sky = 90 + 80 * np.cos(y / height * np.pi)[..., None] * np.array([0.7, 0.9, 1.2]) + rng.normal(0, 2, (height, width, 3))
    sky[(y - 120) ** 2 + (x - 300) ** 2 < 400] = 255
    return Photo(sky.clip(0, 255).astype(np.uint8), None, "sRGB")


def test_auto_takes_the_gpu_and_agrees_with_the_cpu(photo):
    on_gpu, on_cpu = reconstruct(photo, panorama=True), reconstruct(photo, panorama=True, device="cpu")
    assert on_gpu.device == "cuda"
    difference = np.abs(on_gpu.pixels - on_cpu.pixels) / np.maximum(on_cpu.pixels, 1e-3)
    assert np.median(difference) < 0.005
    assert np.percentile(difference, 99.9) < 0.02


def test_the_same_photo_gives_the_same_radiance(photo):
    one, other = (reconstruct(photo, panorama=True, device="cuda") for _ in range(2))
    np.testing.assert_array_equal(one.pixels, other.pixels)


def test_tiles_do_not_show(photo):
    whole, tiled = (reconstruct(photo, panorama=True, device="cuda", tile=side).pixels for side in (1024, 160))
    np.testing.assert_allclose(tiled, whole, rtol=1e-3)
