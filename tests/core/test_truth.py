"""Where the photo shows the light, the result is that light: well-exposed pixels stay true, skies have no bands, edges stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hdr_core
from hdr_core import ConvertSettings, convert
from hdr_core.exr import read_exr
from hdr_core.photo import srgb_decode, srgb_encode

EXAMPLE = Path(hdr_core.__file__).parents[1] / "examples" / "ulmer_muenster.jpg"
HEIGHT, WIDTH = 512, 1024
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)


def converted(codes: np.ndarray, folder: Path) -> np.ndarray:
    """Radiance (H, W, 3) of code values (H, W, 3), saved as a PNG of plain sRGB and converted as that, as a user would."""
    Image.fromarray(codes).save(folder / "photo.png")
    convert(folder / "photo.png", folder / "photo.exr", ConvertSettings(projection="auto", input_curve="srgb"))
    return read_exr(folder / "photo.exr")[0]


def as_codes(radiance: np.ndarray) -> np.ndarray:
    """Back to code values, 255 = white, not rounded."""
    return srgb_encode(radiance.clip(0, 1)) * 255


def rms(x: np.ndarray) -> float:
    return float(np.sqrt((x**2).mean()))


def sky() -> np.ndarray:
    """A clear sky, (H, W, 3) code values before rounding: a code value is 8 pixels wide or more, and it closes around."""
    around = 20 * np.sin(2 * np.pi * COLUMNS / WIDTH)
    return np.stack([90 + ROWS / 12 + around, 120 + ROWS / 14 + around, 190 + ROWS / 20 + around], -1)


def grain(sigma: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, sigma, (HEIGHT, WIDTH, 3))


def outdoors() -> np.ndarray:
    """A sky with clouds and a clipped sun, above ground with texture at every size; a little grain everywhere."""
    rng = np.random.default_rng(11)
    texture = np.zeros((HEIGHT, WIDTH))
    for size in (2, 4, 8, 16, 64):
        coarse = rng.normal(0, 1, (HEIGHT // size, WIDTH // size))
        texture += 2 + 5 * np.kron(coarse, np.ones((size, size)))
    clouds = 25 * np.clip(np.sin(COLUMNS / 81 + np.sin(ROWS / 33)) + np.sin(ROWS / 27), 0, 2)
    ground = np.array([95.0, 85.0, 70.0]) + texture[..., None]
    picture = np.where((ROWS < 280)[..., None], 0.8 * sky() + clouds[..., None], ground)
    distance = np.hypot(COLUMNS - 300, ROWS - 120)
    picture += (180 * np.exp(-distance / 18))[..., None] + grain(0.8, 12)
    picture[distance < 12] = 255
    return np.rint(picture.clip(0, 255)).astype(np.uint8)


def example() -> np.ndarray:
    return np.asarray(Image.open(EXAMPLE).convert("RGB"))


@pytest.mark.parametrize("picture", [outdoors, example])
def test_well_exposed_pixels_stay_true(picture, tmp_path):
    codes = picture()
    radiance, exact = converted(codes, tmp_path), srgb_decode(codes / np.float32(255))
    well = ((codes >= 20) & (codes <= 235)).all(-1)
    assert well.mean() > 0.5
    ratio = radiance[well] / exact[well]
    change = np.abs(ratio / np.median(ratio) - 1)
    assert np.median(change) < 0.02
    assert np.percentile(change, 99) < 0.1


def test_a_clear_sky_has_no_bands(tmp_path):
    truth = sky()
    codes = np.rint(truth).astype(np.uint8)
    after = as_codes(converted(codes, tmp_path))
    after *= np.median(codes / after)
    equal = (np.diff(codes, axis=1) == 0).mean(), (np.abs(np.diff(after, axis=1)) < 1e-3).mean()
    assert equal[0] > 0.9
    assert equal[1] < 0.3
    assert rms(codes - truth) == pytest.approx(0.29, abs=0.01)
    assert rms(after - truth) < 0.15


def test_edges_lines_and_grain_stay(tmp_path):
    """On a slow gradient, each in its part: an edge of 4 code values, lines of 2 code values in grain, and grain alone."""
    truth = sky() * 0.8
    truth[:256, 512:] += 4
    lines = (COLUMNS % 12 < 2) & (ROWS >= 256)
    truth[lines & (COLUMNS < 512)] += 2
    truth += np.where(ROWS >= 256, 1.0, 0.0)[..., None] * grain(1.0, 5)
    codes = np.rint(truth).astype(np.uint8)
    after = as_codes(converted(codes, tmp_path))
    change = np.abs(after * np.median(codes / after) - codes)
    edge, fine, rough = change[8:248, 508:516], change[264:504, 8:504], change[264:504, 520:1016]
    assert edge.max() < 0.6  # half a code value, and half float's rounding
    assert rms(fine) < 0.5
    assert rms(rough) < 0.5
