"""Debanding, by itself: steps of a slow gradient go, whatever is in the picture stays, and nothing depends on tiles."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hdr_core import deband as module
from hdr_core.deband import deband, halo
from hdr_core.photo import Photo
from hdr_core.reconstruct import reconstruct

HEIGHT, WIDTH = 256, 512
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)


def debanded(codes: np.ndarray, margin: int = halo(HEIGHT)) -> np.ndarray:
    """(H, W) code values in and out; the edge is repeated."""
    padded = np.pad(codes.astype(np.uint8), margin, mode="edge")
    return deband(torch.from_numpy(padded)[None], margin)[0].numpy()


def rms(x: np.ndarray) -> float:
    return float(np.sqrt((x**2).mean()))


@pytest.mark.parametrize("step", [8, 11, 14, 25, 60])
@pytest.mark.parametrize("slant", [0.0, 0.4, 1.0])
def test_a_slow_gradient_is_smooth_again(step: float, slant: float) -> None:
    """step: pixels to a code value; slant: how much of the gradient runs down."""
    ramp = 40 + ((1 - slant / 2) * COLUMNS + slant / 2 * ROWS) / step
    inside = (slice(64, -64), slice(64, -64))  # beyond the edge nothing is known
    before, after = np.rint(ramp), debanded(np.rint(ramp))
    assert rms((before - ramp)[inside]) > 0.27
    assert rms((after - ramp)[inside]) < 0.1
    assert np.abs(after - before).max() <= 0.5


@pytest.mark.parametrize("noise", [0.3, 0.6, 1.0, 2.0])
def test_grain_is_left_as_it_is(noise: float) -> None:
    """Also dither: noise of a third of a code value."""
    codes = np.rint(90 + COLUMNS / 20 + noise * np.random.default_rng(1).standard_normal((HEIGHT, WIDTH)))
    assert (debanded(codes) != codes).mean() < 1e-3


@pytest.mark.parametrize("height", [1, 2, 4])
def test_lines_are_left_as_they_are(height: int) -> None:
    """Lines 3 pixels wide, `height` code values above a slow gradient; 1 is the least that eight bits can hold."""
    lines = COLUMNS % 16 < 3
    codes = np.rint(90 + ROWS / 12) + height * lines
    after = debanded(codes)
    change = np.abs(after - codes)
    assert change.max() <= 0.5
    assert after[:, lines[0]].mean() - after[:, ~lines[0]].mean() > 0.95 * height


def test_edges_stay_where_they_are() -> None:
    codes = np.rint(90 + COLUMNS / 12 + 4 * (ROWS > 128))
    after = debanded(codes)
    np.testing.assert_array_equal(after[128:130], codes[128:130])


def test_clipped_pixels_stay_clipped_and_nothing_else_moves_by_more_than_half() -> None:
    codes = np.rint((240 + COLUMNS / 12).clip(0, 255))
    after = debanded(codes)
    assert (after[codes == 255] == 255).all()
    assert np.abs(after - codes).max() <= 0.5
    assert debanded(np.zeros((8, 16)), halo(8)).max() == 0


def test_tiles_give_what_the_whole_gives_bit_for_bit() -> None:
    margin = halo(HEIGHT)
    codes = np.rint(60 + COLUMNS / 20 + ROWS / 30 + 3 * (np.hypot(COLUMNS - 300, ROWS - 99) < 20)).astype(np.uint8)
    whole, padded = debanded(codes), torch.from_numpy(np.pad(codes, margin, mode="edge"))
    for top, left, side in ((0, 0, 100), (71, 333, 64), (200, 450, 30)):
        tile = deband(padded[None, top : top + side + 2 * margin, left : left + side + 2 * margin], margin)
        np.testing.assert_array_equal(tile[0].numpy(), whole[top : top + side, left : left + side])


@pytest.mark.parametrize("height", [1, 5, 8, 30, 68, 69, 4096])
def test_the_halo_fits_the_photo(height: int) -> None:
    assert halo(height) <= max(height, 5)
    assert halo(height) <= 68
    assert debanded(np.full((3, 5), 77), halo(height)).tolist() == [[77.0] * 5] * 3


def test_photos_of_sixteen_bits_are_not_debanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their rounding does not show; what looks like steps of eight bits may be meant."""
    ramp = np.rint(60 + np.broadcast_to(COLUMNS[:64, :128, None], (64, 128, 3)) / 10)
    with monkeypatch.context() as patch:
        patch.setattr(module, "deband", lambda *_: pytest.fail("debanded"))
        deep = reconstruct(Photo((ramp * 257).astype(np.uint16), None, "sRGB"), panorama=True, device="cpu", input_curve="srgb")
    eight = reconstruct(Photo(ramp.astype(np.uint8), None, "sRGB"), panorama=True, device="cpu", input_curve="srgb")
    steps = [np.abs(np.diff(radiance.pixels[32, 16:-16, 1], 2)).mean() for radiance in (deep, eight)]
    assert steps[1] < 0.5 * steps[0]
