"""The trained network over photos of any size: tiles and edges do not show, memory stays bounded."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hdr_core.errors import Cancelled, DeviceError
from hdr_core.photo import Photo, srgb_decode
from hdr_core.reconstruct import reconstruct

ROOT = Path(__file__).parents[2]


def scene(height: int, width: int, *, bits: int = 8) -> np.ndarray:
    """Code values of a sky with a clipped sun that lies across the wrap, clouds, and a darker ground."""
    y, x = np.meshgrid((np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij")
    turn = 2 * np.pi * x
    clouds = 0.08 * np.sin(3 * turn + 9 * y) + 0.05 * np.sin(7 * turn) * np.cos(13 * y)
    level = np.where(y < 0.55, 0.45 + 0.3 * y + clouds, 0.3 - 0.15 * y + 0.5 * clouds)
    colour = np.where((y < 0.55)[..., None], [0.85, 1.0, 1.25], [1.1, 1.0, 0.8])
    glow = np.exp(-((y - 0.25) ** 2 + (np.minimum(x, 1 - x) * 2) ** 2) / 0.002)
    white = 255 if bits == 8 else 65535
    code = level[..., None] * colour + 1.6 * glow[..., None]
    return (code.clip(0, 1) * white).round().astype(np.uint8 if bits == 8 else np.uint16)


def photo(height: int, width: int, *, bits: int = 8) -> Photo:
    return Photo(scene(height, width, bits=bits), None, "sRGB")


@pytest.fixture(scope="module")
def whole() -> np.ndarray:
    return reconstruct(photo(320, 640), panorama=True, device="cpu").pixels


@pytest.mark.parametrize("tile", [96, 161])
def test_tiles_give_what_the_whole_gives(whole, tile):
    tiled = reconstruct(photo(320, 640), panorama=True, device="cpu", tile=tile).pixels
    assert (np.abs(tiled - whole) / np.maximum(whole, 1e-3)).max() < 1e-3


@pytest.mark.parametrize("size", [(320, 640), (100, 200), (333, 500)])
def test_a_large_photo_is_looked_at_band_by_band_with_the_same_result(size, monkeypatch):
    panorama = size[1] == 2 * size[0]
    at_once = reconstruct(photo(*size), panorama=panorama, device="cpu").pixels
    monkeypatch.setattr("hdr_core.codes.BAND_PIXELS", 0)
    banded = reconstruct(photo(*size), panorama=panorama, device="cpu").pixels
    np.testing.assert_allclose(banded, at_once, rtol=1e-3)


def test_no_seam_where_the_panorama_wraps():
    smooth = np.roll(
        scene(320, 640, bits=16), 160, 1
    )  # the sun is elsewhere; 16 bits: a step is the network's, not the photo's
    log = np.log(reconstruct(Photo(smooth, None, "sRGB"), panorama=True, device="cpu").pixels + 1e-3)
    across = np.abs(log[:, 0] - log[:, -1])
    beside = np.maximum(np.abs(log[:, 1] - log[:, 0]), np.abs(log[:, -1] - log[:, -2]))
    assert np.percentile(across - beside, 99) < 0.02
    assert across.mean() < 1.2 * beside.mean() + 1e-3


@pytest.mark.parametrize("columns", [320, 100])
def test_the_light_turns_with_the_panorama(whole, columns):
    """Also a sun that lies across the wrap, as it does in `scene`, is what it is elsewhere."""
    turned = Photo(np.roll(scene(320, 640), columns, 1), None, "sRGB")
    back = np.roll(reconstruct(turned, panorama=True, device="cpu").pixels, -columns, 1)
    sun = slice(60, 100)
    assert (np.abs(back - whole) / np.maximum(whole, 1e-3))[sun].max() < 0.01


def test_the_sun_gets_light_and_the_rest_keeps_its_own(whole):
    code = scene(320, 640)
    clipped = (code == 255).all(-1)
    assert clipped.sum() > 50
    assert whole[clipped].max() > 4
    well = (code.max(-1) < 235) & (code.min(-1) > 20)
    before = srgb_decode(code / np.float32(255))
    change = np.abs(whole[well] / before[well] - 1)
    assert np.median(change) < 0.1


def test_the_input_curve_is_what_the_user_says():
    told = {curve: reconstruct(photo(64, 128), panorama=True, device="cpu", input_curve=curve) for curve in ("srgb", "camera")}
    assert [radiance.input_curve for radiance in told.values()] == ["srgb", "camera"]
    by_itself = reconstruct(photo(64, 128), panorama=True, device="cpu")
    np.testing.assert_array_equal(by_itself.pixels, told[by_itself.input_curve].pixels)
    code = scene(64, 128)
    well = (code.max(-1) < 235) & (code.min(-1) > 20)
    exact = srgb_decode(code / np.float32(255))[well]
    change = {curve: np.abs(radiance.pixels[well] / exact - 1) for curve, radiance in told.items()}
    assert np.median(change["srgb"]) < 0.02
    assert np.percentile(change["srgb"], 99) < 0.1
    assert np.median(change["camera"]) > 3 * np.median(change["srgb"])


def test_sixteen_bits_give_what_eight_give(whole):
    deep = reconstruct(photo(320, 640, bits=16), panorama=True, device="cpu").pixels
    assert np.median(np.abs(deep - whole) / np.maximum(whole, 0.01)) < 0.02


def test_sixteen_bits_keep_what_eight_bits_round_away():
    ramp = np.broadcast_to(np.linspace(30000, 30200, 128)[None, :, None], (64, 128, 3))  # less than one step of eight bits
    deep = reconstruct(Photo(ramp.round().astype(np.uint16), None, "sRGB"), panorama=False, device="cpu", input_curve="srgb")
    columns = deep.pixels[16:-16, 16:-16].mean((0, 2))
    assert np.diff(columns).min() > 0
    expected = srgb_decode(np.float32([30200 / 65535])) / srgb_decode(np.float32([30000 / 65535]))
    assert columns[-1] / columns[0] == pytest.approx(float(expected[0]) ** (95 / 127), rel=1e-3)


def test_a_gpu_that_is_out_of_memory_gets_smaller_tiles(whole, monkeypatch):
    """The error is injected where a tile is restored; everything else is real."""
    import torch

    from hdr_core.codes import Codes

    real, tried = Codes.tile, []

    def short_of_memory(self, y, x, halo, *, panorama):
        tried.append((len(y), len(x)))
        if len(y) * len(x) > 160 * 160:
            raise torch.OutOfMemoryError if len(tried) % 2 else torch.AcceleratorError("CUDA error: out of memory")
        return real(self, y, x, halo, panorama=panorama)

    monkeypatch.setattr(Codes, "tile", short_of_memory)
    tiled = reconstruct(photo(320, 640), panorama=True, device="cpu", tile=640).pixels
    np.testing.assert_allclose(tiled, whole, rtol=1e-3)
    assert tried[:3] == [(320, 640), (320, 320), (160, 320)]
    monkeypatch.setattr(Codes, "tile", lambda *_, **__: (_ for _ in ()).throw(torch.OutOfMemoryError()))
    with pytest.raises(DeviceError, match="memory"):
        reconstruct(photo(64, 128), panorama=True, device="cpu")


def full_gpu(moment, error, monkeypatch):
    """No GPU is needed for it: its choice is faked, and on it the processor does everything until `error` comes."""
    from hdr_core import reconstruct as module
    from hdr_core.codes import Codes
    from hdr_core.transfer import Transfers

    real = {"load": module._inference, "tile": Codes.tile, "wait": Transfers.wait}
    chosen = []

    def failing(name):
        def instead(*arguments, **named):
            if name == moment and chosen[-1] == "cuda":
                raise error
            return real[name](*arguments, **named)

        return instead

    def load(place):
        chosen.append(place)
        return failing("load")("cpu")

    load.cache_clear = module._inference.cache_clear
    monkeypatch.setattr(module, "_inference", load)
    monkeypatch.setattr(Codes, "tile", failing("tile"))
    monkeypatch.setattr(Transfers, "wait", failing("wait"))
    monkeypatch.setattr(module, "choose_device", lambda asked: "cuda" if asked in ("auto", "cuda") else asked)


@pytest.mark.parametrize(
    ("moment", "error"),
    [
        ("load", "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
        ("wait", "CUDA error: out of memory"),
    ],
)
def test_the_processor_takes_over_from_a_gpu_without_memory(moment, error, monkeypatch):
    import torch

    full_gpu(moment, torch.AcceleratorError(error), monkeypatch)
    stages = []
    radiance = reconstruct(photo(16, 32), panorama=True, progress=lambda _, stage: stages.append(stage))
    assert radiance.device == "cpu"
    assert any("processor" in stage for stage in stages)


def test_a_gpu_asked_for_by_name_is_not_replaced(monkeypatch):
    import torch

    full_gpu("tile", torch.AcceleratorError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"), monkeypatch)
    with pytest.raises(DeviceError, match="'cuda' has not enough free memory"):
        reconstruct(photo(16, 32), panorama=True, device="cuda")


def test_the_network_is_loaded_where_there_is_memory(monkeypatch):
    import torch

    from hdr_core.reconstruct import warm_up

    full_gpu("load", torch.OutOfMemoryError(), monkeypatch)
    assert warm_up() == "cpu"
    with pytest.raises(DeviceError, match="'cuda' has not enough free memory"):
        warm_up("cuda")


def test_another_fault_of_the_gpu_is_not_taken_for_a_full_one(monkeypatch):
    import torch

    full_gpu("tile", torch.AcceleratorError("CUDA error: an illegal memory access was encountered"), monkeypatch)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        reconstruct(photo(16, 32), panorama=True)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (37, 23), (64, 300)])
def test_a_flat_picture_of_any_size(size):
    radiance = reconstruct(photo(*size), panorama=False, device="cpu").pixels
    assert radiance.shape == (*size, 3)
    assert np.isfinite(radiance).all()
    assert (radiance >= 0).all()


@pytest.mark.parametrize("height", [1, 2, 16, 100])
def test_a_small_panorama(height):
    radiance = reconstruct(photo(height, 2 * height), panorama=True, device="cpu").pixels
    assert radiance.shape == (height, 2 * height, 3)
    assert np.isfinite(radiance).all()


def test_the_same_photo_gives_the_same_radiance(whole):
    np.testing.assert_array_equal(reconstruct(photo(320, 640), panorama=True, device="cpu").pixels, whole)


def test_progress_rises_and_cancel_stops():
    fractions: list[float] = []
    reconstruct(photo(64, 128), panorama=True, device="cpu", progress=lambda f, _: fractions.append(f))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    with pytest.raises(Cancelled):
        reconstruct(photo(64, 128), panorama=True, device="cpu", cancelled=lambda: len(fractions) > 0)


def test_a_device_that_is_not_there_is_named():
    import torch

    absent = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(DeviceError, match=absent):
        reconstruct(photo(8, 16), panorama=True, device=absent)


def test_8192_x_4096_stays_within_8_gib(tmp_path):
    picture, out = tmp_path / "large.jpg", tmp_path / "large.exr"
    Image.fromarray(scene(512, 1024)).resize((8192, 4096), Image.Resampling.BICUBIC).save(picture, quality=92)
    subprocess.run([sys.executable, "-m", "hdr_core.cli", "convert", picture, "-o", out], check=True, cwd=ROOT)
    assert out.stat().st_size > 10_000_000
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024  # kB on Linux
    assert peak < 8 * 2**30, f"peak of {peak / 2**30:.1f} GiB"
