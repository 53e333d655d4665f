"""What cannot be converted is refused with one line that says what to do, and the .blend stays as it is."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

convert = bpy.ops.ldr_to_hdri.convert


@pytest.fixture
def refused(contents):
    """Converts, expects the message to say `next_step`, and nothing to have changed."""

    def refused(next_step: str, **arguments: object) -> str:
        before = contents()
        with pytest.raises(RuntimeError) as caught:
            convert(**arguments)
        message = str(caught.value).removeprefix("Error: ").strip()
        assert next_step in message
        assert "\n" not in message
        assert contents() == before
        assert not any(Path(bpy.app.tempdir).glob("ldr_to_hdri_*"))
        return message

    return refused


def test_no_photo_is_given(refused):
    refused("Choose a photo")


def test_a_file_that_is_not_there(refused, tmp_path):
    assert "gone.jpg" in refused("", filepath=str(tmp_path / "gone.jpg"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_picture(refused, tmp_path):
    (tmp_path / "notes.jpg").write_text("not a picture")
    refused("", filepath=str(tmp_path / "notes.jpg"))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.jpg"]


def test_a_picture_that_is_no_panorama(refused, tmp_path, codes, write_picture):
    write_picture(tmp_path / "wide.png", codes[:20])
    asked = {"filepath": str(tmp_path / "wide.png"), "projection": "EQUIRECTANGULAR"}
    assert "64 x 20" in refused('projection="flat"', **asked)


def test_an_exr_of_somebody_else_is_kept(refused, photo):
    theirs = photo.with_name("lamp_hdri.exr")
    theirs.write_bytes(b"somebody's work")
    refused("", filepath=str(photo))
    assert theirs.read_bytes() == b"somebody's work"


def test_a_folder_that_is_not_there(refused, photo, tmp_path):
    refused("folder", filepath=str(photo), output=str(tmp_path / "nowhere" / "lamp.exr"))
    refused("Choose one", filepath=str(photo), destination="FOLDER")


def test_packing_and_a_file_at_once(refused, photo, tmp_path):
    refused("Leave Output empty", filepath=str(photo), output=str(tmp_path / "lamp.exr"), destination="PACKED")


def test_relative_paths_of_an_unsaved_file(refused):
    refused("Save it", filepath="//lamp.png")


def test_an_image_that_is_not_there(refused):
    refused("Image Editor", image="nothing")


def test_a_generated_image_in_an_unsaved_file(refused):
    bpy.data.images.new("painting", 64, 32)
    refused("Save the .blend", image="painting")


def test_an_image_that_is_hdr_already(refused):
    image = bpy.data.images.new("bright", 64, 32, float_buffer=True)
    image.pixels.foreach_set(np.full(64 * 32 * 4, 2.0, np.float32))
    assert "HDR already" in refused("Use it as it is", image="bright", destination="PACKED")


def test_an_image_of_many_frames(refused):
    image = bpy.data.images.new("seen", 64, 32)
    image.source = "SEQUENCE"
    refused("Save the frame", image="seen")


def test_a_linked_world(refused, photo, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"), copy=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.worlds = [bpy.context.scene.world.name]
    bpy.context.scene.world = wanted.worlds[0]
    refused("Make the world local", filepath=str(photo), world="REPLACE")
    assert not photo.with_name("lamp_hdri.exr").exists()


def test_a_python_that_is_not_there(refused, photo, preferences):
    preferences.python = "/nowhere/python"
    refused("preferences", filepath=str(photo))
