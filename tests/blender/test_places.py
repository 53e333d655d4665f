"""Where people look for it: panels, menus, drops; and that what is offered there exists and works."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import bpy
import drawing
import numpy as np
import pytest
from bl_ext.user_default.ldr_to_hdri.operators import task_queue
from bl_ext.user_default.ldr_to_hdri.operators.conversion import ConversionTask
from bl_ext.user_default.ldr_to_hdri.operators.environment import environment_node, picture_node
from bl_ext.user_default.ldr_to_hdri.ui import menus

CONVERT, USE = "ldr_to_hdri.convert", "ldr_to_hdri.use_as_world"


def menu(draw, **space_data) -> drawing.Drawn:
    """What an entry adds to a menu of Blender's."""
    drawn = drawing.Drawn()
    draw(SimpleNamespace(layout=drawing.Layout(drawn)), SimpleNamespace(space_data=SimpleNamespace(**space_data)))
    return drawn


def test_world_and_viewport_offer_the_same():
    world, view = drawing.draw("WORLD_PT_ldr_to_hdri"), drawing.draw("VIEW3D_PT_ldr_to_hdri", "VIEW_3D")
    assert world.operators == view.operators == [CONVERT, "ldr_to_hdri.preview"]
    assert drawing.draw("VIEW3D_PT_ldr_to_hdri_controls", "VIEW_3D").texts == []  # nothing of ours lights the world yet


def test_the_menu_of_the_viewport_has_all_that_is_done_to_an_environment():
    everything = drawing.draw("VIEW3D_MT_ldr_to_hdri", "VIEW_3D").operators
    assert {CONVERT, "ldr_to_hdri.split_sun", "ldr_to_hdri.merge_sun", "ldr_to_hdri.reconvert"} <= set(everything)
    for name in everything:
        assert bpy.ops.ldr_to_hdri.__getattr__(name.split(".")[1]).get_rna_type().name  # what search shows


def test_the_image_menu_acts_on_the_image_that_is_shown():
    image = bpy.data.images.new("photo", 8, 4)
    assert menu(menus._draw_image, image=image).operators == [CONVERT, USE, "ldr_to_hdri.preview"]
    assert "Convert to HDRI" in menu(menus._draw_image, image=None).texts


def test_an_hdr_image_is_used_as_it_is_and_keeps_what_is_known_of_it(photo):
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo), world="NONE")
    image = bpy.data.images["lamp_hdri.exr"]
    written = photo.with_name("lamp_hdri.exr").stat().st_mtime_ns
    assert bpy.ops.ldr_to_hdri.use_as_world(image=image.name) == {"FINISHED"}
    group = environment_node(bpy.context.scene.world).node_tree
    assert picture_node(group).image == image
    assert group.ldr_to_hdri.photo == str(photo)
    assert drawing.draw("WORLD_PT_ldr_to_hdri_facts").texts
    assert photo.with_name("lamp_hdri.exr").stat().st_mtime_ns == written

    painted = bpy.data.images.new("painted", 8, 4, float_buffer=True)
    painted.pixels.foreach_set(np.full(128, 3.0, np.float32))
    bpy.ops.ldr_to_hdri.use_as_world(image="painted", world="REPLACE")
    assert picture_node(group).image == painted
    assert drawing.draw("WORLD_PT_ldr_to_hdri_facts").texts == []  # of the picture that went


def test_a_photo_that_is_used_as_world_is_converted_first(photo):
    loaded = bpy.data.images.load(str(photo))
    assert bpy.ops.ldr_to_hdri.use_as_world(image=loaded.name) == {"FINISHED"}
    assert picture_node(environment_node(bpy.context.scene.world).node_tree).image.name == "lamp_hdri.exr"
    with pytest.raises(RuntimeError, match="Image Editor"):
        bpy.ops.ldr_to_hdri.use_as_world(image="nothing")


def test_photos_that_are_dropped_are_all_converted(photo):
    shutil.copyfile(photo, photo.with_name("second.png"))
    for name in ("VIEW3D_FH_ldr_to_hdri", "NODE_FH_ldr_to_hdri"):
        handler = getattr(bpy.types, name)
        assert ".jpg" in handler.bl_file_extensions.split(";")
        assert handler.bl_import_operator == "ldr_to_hdri.drop"
    files = [{"name": "lamp.png"}, {"name": "second.png"}]
    assert bpy.ops.ldr_to_hdri.drop(directory=str(photo.parent), files=files) == {"FINISHED"}
    assert {Path(path).name for path in photo.parent.glob("*.exr")} == {"lamp_hdri.exr", "second_hdri.exr"}
    assert bpy.context.scene.world.name == "second"


def test_another_world_needs_no_second_conversion(photo):
    """What Adjust Last Operation does: it undoes, and executes with another choice."""
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo))
    from bl_ext.user_default.ldr_to_hdri.operators import convert

    last, written = convert._last, photo.with_name("lamp_hdri.exr").stat().st_mtime_ns
    other = type(last.request)(**{**vars(last.request), "world": "REPLACE"})
    assert last.shows_the_same(other)
    assert isinstance(last.again(other), ConversionTask)
    assert "lights the world" in last.again(other).apply()
    assert photo.with_name("lamp_hdri.exr").stat().st_mtime_ns == written
    assert not last.shows_the_same(type(other)(**{**vars(other), "overwrite": True}))
    photo.touch()
    assert not last.shows_the_same(other)  # the photo may have changed
    assert task_queue.tasks() == ()
