"""Where people look for it: panels, menus, drops; and that what is offered there exists and works."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import bpy
import drawing
import numpy as np
import pytest
from bl_ext.user_default.ldr_to_hdri.operators import drop, photo_file, task_queue
from bl_ext.user_default.ldr_to_hdri.operators.conversion import ConversionTask
from bl_ext.user_default.ldr_to_hdri.operators.environment import environment_node, picture_node
from bl_ext.user_default.ldr_to_hdri.ui import icon, menus, shortcuts

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
    offered = {
        f"ldr_to_hdri.{name}"
        for name in dir(bpy.ops.ldr_to_hdri)
        if "INTERNAL" not in getattr(getattr(bpy.types, f"LDR_TO_HDRI_OT_{name}"), "bl_options", set())
    }
    elsewhere = {USE, "ldr_to_hdri.install_runtime", "ldr_to_hdri.remove_runtime", "ldr_to_hdri.add_controls_preset"}
    assert offered - elsewhere <= set(everything)
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


def test_of_a_cube_map_that_is_dropped_one_file_is_converted(photo, tmp_path):
    faces = ("px", "nx", "py", "ny", "pz", "nz")
    for name in faces:
        shutil.copyfile(icon._FILE, tmp_path / f"sky_{name}.png")  # any square will do
        shutil.copyfile(photo, tmp_path / f"chair_{name}.png")
    sky, chair = ([str(tmp_path / f"{what}_{name}.png") for name in faces] for what in ("sky", "chair"))
    before = set(bpy.data.images)
    assert drop.one_of_each_cube([*chair, *sky, str(photo)]) == [*chair, sky[0], str(photo)]
    assert drop.one_of_each_cube(sky[:5]) == sky[:5]
    assert set(bpy.data.images) == before


def test_menus_show_the_icon_of_the_extension():
    drawn = bpy.data.images.load(str(icon._FILE))
    assert tuple(drawn.size) == (64, 64)  # for a display of high density, too
    assert icon.icon() == icon.icon()  # without a window there are no numbers
    assert list(icon._previews) == [icon._FILE.stem]


def test_a_key_can_be_assigned_to_what_a_button_does():
    """What the menu of a right-click offers; the window itself is not there."""
    pressed = SimpleNamespace(type="H", ctrl=True, shift=True, alt=False, oskey=False)
    item = shortcuts.assign("ldr_to_hdri.use_as_world", {"world": "REPLACE"}, pressed)
    keys = bpy.context.window_manager.keyconfigs.user.keymaps["Window"].keymap_items
    assert item.name == "Use Image as World"
    assert item in list(keys)
    assert (item.ctrl, item.shift, item.alt) == (True, True, False)
    assert item.properties.world == "REPLACE"
    keys.remove(item)
    assert shortcuts.assign("ldr_to_hdri.preview", {}, SimpleNamespace(**{**vars(pressed), "type": "WHEELUPMOUSE"})) is None
    assert not [item for item in keys if item.idname.startswith("ldr_to_hdri")]


def test_a_photo_that_was_edited_is_offered_to_be_converted_again(photo, codes, write_picture, monkeypatch):
    monkeypatch.setattr(photo_file, "_KEPT", 0.0)
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo))
    group = environment_node(bpy.context.scene.world).node_tree

    def said() -> bool:
        return "The photo was changed since" in " ".join(drawing.draw("WORLD_PT_ldr_to_hdri").texts)

    assert not said()
    write_picture(photo, codes // 2)
    os.utime(photo, (2e9, 2e9))
    assert said()
    bpy.ops.ldr_to_hdri.reconvert()
    assert not said()
    photo.unlink()
    assert not photo_file.has_changed(group)  # there is nothing to convert


def test_the_panels_say_what_to_do_while_pytorch_is_missing(monkeypatch):
    assert "ldr_to_hdri.install_runtime" not in drawing.draw("VIEW3D_PT_ldr_to_hdri", "VIEW_3D").operators
    monkeypatch.delenv("LDR_TO_HDRI_PYTHON")  # Blender's own Python here has no PyTorch
    for name, space in (("VIEW3D_PT_ldr_to_hdri", "VIEW_3D"), ("WORLD_PT_ldr_to_hdri", "PROPERTIES")):
        drawn = drawing.draw(name, space)
        assert "needs PyTorch" in " ".join(drawn.texts)
        assert drawn.operators[:2] == ["ldr_to_hdri.install_runtime", "preferences.addon_show"]
        assert CONVERT in drawn.operators


def test_a_viewport_that_is_solid_offers_to_show_the_light(photo):
    shading = SimpleNamespace(type="SOLID")
    assert "wm.context_set_enum" not in drawing.draw("VIEW3D_PT_ldr_to_hdri", "VIEW_3D", shading=shading).operators
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo))
    assert "wm.context_set_enum" in drawing.draw("VIEW3D_PT_ldr_to_hdri", "VIEW_3D", shading=shading).operators
    shading.type = "RENDERED"
    assert "wm.context_set_enum" not in drawing.draw("VIEW3D_PT_ldr_to_hdri", "VIEW_3D", shading=shading).operators


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
