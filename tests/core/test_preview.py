"""A preview is the conversion of a small copy: the same light, upright, from any kind of file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips

from hdr_core import ConvertSettings, convert
from hdr_core.exr import read_exr, write_exr
from hdr_core.preview import preview, small_source
from hdr_core.preview_file import read_preview

EXAMPLE = Path(__file__).parents[2] / "examples" / "ulmer_muenster.jpg"
BY_SHAPE = ConvertSettings("by_shape")


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_large_photo_becomes_small_with_its_light_kept(tmp_path, suffix):
    whole = pyvips.Image.new_from_file(str(EXAMPLE))
    whole.write_to_file(str(tmp_path / f"photo.{suffix}"))
    small = small_source(tmp_path / f"photo.{suffix}", 150)
    light = whole.colourspace("scrgb").numpy().mean((0, 1))
    ours = pyvips.Image.new_from_array(small.pixels).copy(interpretation="srgb").colourspace("scrgb").numpy()
    assert small.pixels.shape == (75, 150, 3)
    assert ours.mean((0, 1)) == pytest.approx(light, rel=0.02)


def test_a_photo_on_its_side_is_upright(tmp_path):
    upright = pyvips.Image.thumbnail(str(EXAMPLE), 128).copy_memory()
    turned = upright.rot90().copy()
    turned.set_type(pyvips.GValue.gint_type, "orientation", 8)
    turned.write_to_file(str(tmp_path / "turned.jpg"), Q=95)
    small = small_source(tmp_path / "turned.jpg", 64)
    assert small.pixels.shape == (32, 64, 3)
    assert np.abs(small.pixels - upright.shrink(2, 2).numpy().astype(int)).mean() < 6


def test_looking_once_says_nearly_what_a_conversion_says(tmp_path):
    pyvips.Image.thumbnail(str(EXAMPLE), 256).write_to_file(str(tmp_path / "photo.png"))
    whole = convert(tmp_path / "photo.png", tmp_path / "whole.exr", BY_SHAPE)
    made = preview(tmp_path / "photo.png", tmp_path / "made.npz", 256, BY_SHAPE)
    codes, radiance = read_preview(tmp_path / "made.npz")
    assert codes.dtype == np.uint8
    assert (made.input_curve, made.restored_share) == (whole.input_curve, whole.restored_share)
    stops = np.abs(np.log2(radiance / read_exr(tmp_path / "whole.exr")[0][..., :3].clip(1e-6)))
    assert np.percentile(stops, 95) < 0.1
    assert radiance.sum() == pytest.approx(read_exr(tmp_path / "whole.exr")[0].sum(), rel=0.1)


def test_what_is_hdr_already_is_shown_as_it_is(tmp_path):
    light = np.random.default_rng(1).random((32, 64, 3), np.float32) * 8
    write_exr(tmp_path / "light.exr", light, compression="zip", header={})
    made = preview(tmp_path / "light.exr", tmp_path / "made.npz", 768, BY_SHAPE)
    codes, radiance = read_preview(tmp_path / "made.npz")
    assert made.input_curve == "linear"
    assert radiance == pytest.approx(light, rel=1e-3)
    assert (codes[(light >= 1)] == 255).all()
