"""The preview shows real pixels in an image, follows its settings at once, and leaves everything else alone."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import bpy
import numpy as np
import pytest

preview = bpy.ops.ldr_to_hdri.preview
NAME = "LDR to HDRI Preview"


@pytest.fixture(autouse=True)
def settings():
    """How the preview is looked at; set back to the start."""
    settings = bpy.context.window_manager.ldr_to_hdri_preview
    for name in ("mode", "exposure", "split"):
        settings.property_unset(name)
    return settings


def pixels() -> np.ndarray:
    """What is shown, (H, W, 3) code values, the top row first."""
    image = bpy.data.images[NAME]
    width, height = image.size
    values = np.array(image.pixels[:], np.float32).reshape(height, width, 4)[::-1]
    assert (values[..., 3] == 1).all()
    return np.rint(values[..., :3] * 255).astype(np.uint8)


def test_a_preview_changes_nothing_but_its_image(photo, contents):
    before, files = contents(), sorted(photo.parent.iterdir())
    bpy.ops.ed.undo_push(message="start")
    assert preview("EXEC_DEFAULT", True, filepath=str(photo)) == {"FINISHED"}
    image = bpy.data.images[NAME]
    assert (image.colorspace_settings.name, image.is_float, tuple(image.size)) == ("sRGB", False, (64, 32))
    bpy.data.images.remove(image)
    assert contents() == before
    assert sorted(photo.parent.iterdir()) == files
    assert list(Path(bpy.app.tempdir).glob("ldr_to_hdri_*")) == []


def test_before_is_the_photo_and_a_stop_less_is_half_the_light(photo, codes, settings):
    preview(filepath=str(photo), input_curve="SRGB")
    settings.mode = "BEFORE"
    assert np.array_equal(pixels(), codes)
    settings.exposure = -1
    assert pixels()[8, 34] == pytest.approx([188, 188, 188], abs=1)  # half of white
    settings.mode = "AFTER"
    assert pixels()[8, 34].min() > 188  # the lamp is restored
    settings.exposure = 0
    well_exposed = ((codes > 20) & (codes < 220)).all(-1)
    changed = np.abs(pixels().astype(int) - codes)[well_exposed]
    assert np.percentile(changed, 95) <= 1
    assert np.percentile(changed, 99) <= 4  # beside the lamp the kernels may act


def test_the_split_is_where_it_is_said(photo, settings):
    preview(filepath=str(photo))
    assert settings.split * 64 == pytest.approx(34, abs=4)  # through the lamp
    settings.exposure = -2
    settings.mode = "BEFORE"
    before = pixels()
    settings.mode = "AFTER"
    after = pixels()
    settings.mode = "SPLIT"
    settings.split = 0.25
    assert np.array_equal(pixels()[:, :15], before[:, :15])
    assert (pixels()[:, 15:17] == 255).all()
    assert np.array_equal(pixels()[:, 17:], after[:, 17:])


def test_every_view_fills_the_image(photo, settings):
    preview(filepath=str(photo))
    sizes = {}
    for mode in ("CLIPPED", "EV", "HISTOGRAM", "BALLS", "SHEET", "SPLIT"):
        settings.mode = mode
        assert len(np.unique(pixels().reshape(-1, 3), axis=0)) > 3
        sizes[mode] = tuple(bpy.data.images[NAME].size)
    assert sizes["SHEET"] == (1600, 1000)
    assert sizes["SPLIT"] == sizes["CLIPPED"] == (64, 32)
    assert len([image for image in bpy.data.images if image.name.startswith(NAME)]) == 1


def test_an_image_of_the_blend_is_previewed_and_stays(photo, codes, settings):
    loaded = bpy.data.images.load(str(photo))
    loaded.pack()
    photo.unlink()
    preview(image=loaded.name)
    settings.mode = "BEFORE"
    assert np.array_equal(pixels(), codes)
    assert loaded.colorspace_settings.name == "sRGB"


def test_a_large_picture_is_made_small_with_its_light_kept(tmp_path, write_picture, settings):
    codes = np.zeros((300, 500, 3), np.uint8)
    codes[:, ::2] = 255
    preview(filepath=str(write_picture(tmp_path / "stripes.png", codes)), width=100)
    settings.mode = "BEFORE"
    assert tuple(bpy.data.images[NAME].size) == (83, 50)
    assert pixels().mean() == pytest.approx(188, abs=3)
    settings.mode = "BALLS"  # no panorama: says so
    assert pixels().max() > 100


def test_undo_takes_the_image_and_the_sliders_do_no_harm(photo, settings):
    bpy.ops.ed.undo_push(message="start")
    preview("EXEC_DEFAULT", True, filepath=str(photo))
    settings.exposure = -3
    bpy.ops.ed.undo()
    assert NAME not in bpy.data.images
    settings.exposure = -4
    assert NAME not in bpy.data.images
    preview(filepath=str(photo))
    settings.mode = "BEFORE"
    settings.exposure = 0
    assert pixels().max() == 255


@pytest.mark.skipif(bpy.app.version < (5, 0, 0), reason="the same in every version")
def test_a_script_shows_it_in_an_empty_editor_and_takes_no_picture_away(photo, settings):
    areas = bpy.context.window_manager.windows[0].screen.areas
    full, empty = sorted(areas, key=lambda area: area.width * area.height)[-2:]
    full.type = empty.type = "IMAGE_EDITOR"
    other = full.spaces.active.image = bpy.data.images.new("other", 4, 4)
    kinds = [area.type for area in areas]
    preview(filepath=str(photo))
    assert full.spaces.active.image == other
    assert empty.spaces.active.image.name == NAME
    assert [area.type for area in areas] == kinds  # none is opened


def test_a_new_file_has_no_preview(photo, settings):
    preview(filepath=str(photo))
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    bpy.context.window_manager.ldr_to_hdri_preview.exposure = -3
    assert NAME not in bpy.data.images


def test_a_reopened_file_can_show_another_preview(photo, tmp_path, codes):
    preview(filepath=str(photo))
    bpy.data.images[NAME].use_fake_user = True
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    preview(filepath=str(photo))
    bpy.context.window_manager.ldr_to_hdri_preview.mode = "BEFORE"
    assert np.array_equal(pixels(), codes)
    assert len([image for image in bpy.data.images if image.name.startswith(NAME)]) == 1


@pytest.mark.parametrize("arguments", [{}, {"filepath": "/missing.jpg"}, {"image": "missing"}])
def test_what_cannot_be_previewed_is_said(arguments, contents):
    before = contents()
    with pytest.raises(RuntimeError, match=r"\. \w+.*\."):
        preview(**arguments)
    assert contents() == before
    assert list(Path(bpy.app.tempdir).glob("ldr_to_hdri_*")) == []


def test_a_slider_is_followed_at_once(tmp_path, write_picture, settings):
    codes = np.random.default_rng(3).integers(0, 256, (512, 1024, 3), np.uint8)
    preview(filepath=str(write_picture(tmp_path / "large.png", codes)))
    took = []
    gc.collect()
    for step in range(5):
        began = time.perf_counter()
        settings.exposure = -step - 1
        took.append(time.perf_counter() - began)
    assert min(took) < 0.5  # 0.1 s on an idle machine
