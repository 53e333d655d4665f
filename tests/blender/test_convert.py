"""The operator converts for real, in the worker process, and gives the same bytes as the core's other callers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest

convert = bpy.ops.ldr_to_hdri.convert


@pytest.fixture(scope="module")
def expected(in_runtime, write_picture, codes, tmp_path_factory) -> Callable[[np.ndarray], bytes]:
    """The EXR that `hdr_core.convert` makes of code values in a process of its own; of those that the tests here use."""
    pictures = [codes, 255 - codes, sixteen_bits(codes)]
    folder = tmp_path_factory.mktemp("core")
    files = [write_picture(folder / f"{number}.png", picture) for number, picture in enumerate(pictures)]
    in_runtime("import hdr_core\nfor path in sys.argv[1:]: hdr_core.convert(path, path + '.exr')", *files)
    made = {picture.tobytes(): Path(f"{file}.exr").read_bytes() for picture, file in zip(pictures, files, strict=True)}
    assert len(set(made.values())) == 3
    return lambda codes: made[codes.tobytes()]


def sixteen_bits(codes: np.ndarray) -> np.ndarray:
    """A picture that eight bits cannot hold."""
    return codes.astype(np.uint16) * 250 + 7


def shown_image() -> bpy.types.Image:
    """The image that lights the scene."""
    tree = bpy.context.scene.world.node_tree
    group = next(node.node_tree for node in tree.nodes if node.type == "GROUP")
    return next(node.image for node in group.nodes if node.type == "TEX_ENVIRONMENT")


def test_a_file_becomes_the_light_of_the_scene_and_is_undone(photo, expected, codes, contents):
    source, before = photo.read_bytes(), contents()
    bpy.ops.ed.undo_push(message="start")
    assert convert("EXEC_DEFAULT", True, filepath=str(photo)) == {"FINISHED"}
    exr = photo.with_name("lamp_hdri.exr")
    assert exr.read_bytes() == expected(codes)
    assert photo.read_bytes() == source
    assert sorted(path.name for path in photo.parent.iterdir()) == ["lamp.png", "lamp_hdri.exr"]
    image = shown_image()
    assert (image.filepath, tuple(image.size)) == (str(exr), (64, 32))
    assert image.colorspace_settings.name == "Linear Rec.709"
    assert max(image.pixels) > 1  # the lamp

    bpy.ops.ed.undo()
    assert contents() == before
    bpy.ops.ed.redo()
    assert shown_image().filepath == str(exr)


def test_an_image_loaded_from_a_file_is_converted_beside_it_once(photo, expected, codes):
    loaded = bpy.data.images.load(str(photo))
    convert(image=loaded.name, world="REPLACE")
    exr = photo.with_name("lamp_hdri.exr")
    assert exr.read_bytes() == expected(codes)
    first = shown_image()
    convert(image=loaded.name, world="REPLACE")
    assert shown_image() == first
    assert [image.filepath for image in bpy.data.images].count(str(exr)) == 1


def test_a_packed_image_is_converted_into_the_blend_and_leaves_no_file(photo, expected, codes, tmp_path):
    packed = bpy.data.images.load(str(photo))
    packed.pack()
    packed.use_fake_user = True
    photo.unlink()
    convert(image=packed.name, destination="PACKED")
    made = shown_image()
    assert (made.packed_file.data, made.filepath) == (expected(codes), "//lamp_hdri.exr")
    assert list(photo.parent.iterdir()) == []
    assert list(Path(bpy.app.tempdir).glob("ldr_to_hdri_*")) == []
    assert max(made.pixels) > 1
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "packed.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "packed.blend"))
    assert max(shown_image().pixels) > 1
    convert(image="lamp.png", destination="PACKED", world="REPLACE")
    assert shown_image().packed_file.data == expected(codes)
    assert len([image for image in bpy.data.images if image.name.startswith("lamp_hdri")]) == 1


def test_a_painted_image_is_converted_as_it_looks(photo, expected, codes, tmp_path):
    """A loaded picture painted over by another: the pixels count, not the file."""
    painted = bpy.data.images.load(str(photo))
    changed = 255 - codes
    painted.pixels.foreach_set(with_alpha(changed / 255))
    painted.update()
    convert(image=painted.name, destination="FOLDER", folder=str(tmp_path), world="NONE")
    assert (tmp_path / "lamp_hdri.exr").read_bytes() == expected(changed)


def test_a_generated_float_image_is_converted_beside_the_blend(expected, codes, tmp_path):
    """Float images are linear: their code values come back to sixteen bits."""
    codes = sixteen_bits(codes)
    value = codes / 65535
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    image = bpy.data.images.new("painting", 64, 32, float_buffer=True)
    image.pixels.foreach_set(with_alpha(linear))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    convert(image="painting", world="NONE")
    assert (tmp_path / "painting_hdri.exr").read_bytes() == expected(codes)
    assert bpy.data.images["painting_hdri.exr"].filepath == "//painting_hdri.exr"  # so the folder can move


def with_alpha(colour: np.ndarray) -> np.ndarray:
    """As Blender keeps pixels: the bottom row first, opaque."""
    return np.concatenate([colour, np.ones_like(colour[..., :1])], -1)[::-1].astype(np.float32).ravel()


def test_settings_reach_the_file(photo, tmp_path):
    asked = {"projection": "FLAT", "compression": "DWAA", "input_curve": "CAMERA"}
    convert(filepath=str(photo), output=str(tmp_path / "flat.exr"), world="NONE", **asked)
    header = (tmp_path / "flat.exr").read_bytes()[:2000]
    assert b'"projection": "flat"' in header
    assert b'"compression": "dwaa"' in header
    assert b'"input_curve": "camera"' in header
