"""The conversion on a CUDA GPU. Skipped where there is none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from hdr_core.errors import DeviceError
from hdr_core.light import find_sun
from hdr_core.photo import Photo
from hdr_core.reconstruct import reconstruct, release_memory
from hdr_core.survey import survey

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU on this machine")


@pytest.fixture(scope="module")
def photo() -> Photo:
    return panorama(512, 1024)


def panorama(height, width):
    rng = np.random.default_rng(3)
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


def test_photos_at_once_come_out_as_one_after_the_other(photo):
    photos = [photo, panorama(256, 512), panorama(1024, 2048), panorama(300, 600)] * 3
    alone = [reconstruct(each, panorama=True, device="cuda").pixels for each in photos[:4]]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda each: reconstruct(each, panorama=True, device="cuda").pixels, photos))
    for i, pixels in enumerate(together):
        np.testing.assert_array_equal(pixels, alone[i % 4])


def test_the_gpu_sees_of_its_result_what_the_processor_sees(photo):
    restored = reconstruct(photo, panorama=True, device="cuda")
    seen, here = restored.survey, survey(restored.pixels)
    assert seen is not None
    assert (seen.largest, seen.brightest) == pytest.approx((here.largest, here.brightest), rel=1e-6)
    np.testing.assert_allclose(seen.coarse, here.coarse, rtol=1e-5)
    assert find_sun(restored.pixels, seen) == find_sun(restored.pixels)


@contextmanager
def full_card(left):
    """All of the GPU's memory but `left` bytes belongs to another."""
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    block = torch.empty(torch.cuda.mem_get_info()[0] - left, dtype=torch.uint8, device="cuda")
    try:
        yield
    finally:
        del block
        torch.cuda.empty_cache()


def test_a_tile_that_does_not_fit_is_restored_in_parts():
    large = panorama(2048, 4096)
    wanted = reconstruct(large, panorama=True, device="cuda").pixels
    with full_card(left=250 * 2**20), pytest.raises(torch.OutOfMemoryError):
        torch.empty(2**29, dtype=torch.uint8, device="cuda")
    with full_card(left=250 * 2**20):
        got = reconstruct(large, panorama=True, device="cuda", tile=4096)
    assert got.device == "cuda"
    np.testing.assert_allclose(got.pixels, wanted, rtol=1e-3)


def test_the_processor_takes_over_where_the_card_is_full(photo):
    said = []
    release_memory()
    with full_card(left=8 * 2**20):
        got = reconstruct(photo, panorama=True, progress=lambda _, stage: said.append(stage))
        with pytest.raises(DeviceError, match="not enough free memory"):
            reconstruct(photo, panorama=True, device="cuda")
    assert got.device == "cpu"
    assert any("memory is full" in stage for stage in said)
    assert reconstruct(photo, panorama=True).device == "cuda"


def test_memory_is_given_back(photo):
    reconstruct(photo, panorama=True, device="cuda")
    held = torch.cuda.memory_reserved()
    release_memory()
    assert torch.cuda.memory_reserved() < held / 4
