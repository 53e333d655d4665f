"""A group of the world carries its photo: converted again, duplicated, appended, linked, undone."""

from __future__ import annotations

from pathlib import Path

import bpy
import camera
import numpy as np
import pytest
from bl_ext.user_default.ldr_to_hdri.operators import node_state
from bl_ext.user_default.ldr_to_hdri.operators.node_group import GROUP_NAME
from bl_ext.user_default.ldr_to_hdri.operators.node_target import why_locked


@pytest.fixture
def see(tmp_path: Path):
    return lambda direction=(1, 0, 0): camera.look(direction, tmp_path / "seen.exr")


@pytest.fixture
def converted(photo):
    """The node of a world that a real conversion lit."""
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo))
    return lit_node(bpy.context.scene.world)


def lit_node(world: bpy.types.World) -> bpy.types.Node:
    return next(node for node in world.node_tree.nodes if node.label == GROUP_NAME)


def picture(node: bpy.types.Node) -> bpy.types.Image:
    return next(inner.image for inner in node.node_tree.nodes if inner.type == "TEX_ENVIRONMENT")


def test_an_added_node_converts_the_photo_that_is_chosen_for_it(photo, see):
    assert bpy.ops.ldr_to_hdri.add_world_node() == {"FINISHED"}
    tree = bpy.context.scene.world.node_tree
    node = lit_node(bpy.context.scene.world)
    assert not node.outputs["Color"].is_linked  # as every node that is added
    tree.links.new(node.outputs["Color"], tree.nodes["Background"].inputs["Color"])
    with pytest.raises(RuntimeError, match="no photo"):
        bpy.ops.ldr_to_hdri.reconvert()
    node.node_tree.ldr_to_hdri.photo = str(photo)
    node.node_tree.ldr_to_hdri.input_curve = "SRGB"
    assert bpy.ops.ldr_to_hdri.reconvert() == {"FINISHED"}
    assert Path(picture(node).filepath) == photo.with_name("lamp_hdri.exr")
    assert '"input_curve": "srgb"' in node.node_tree["ldr_to_hdri_settings"]
    assert see().max() > 0


def test_a_changed_photo_is_pending_until_it_is_converted_again(converted, photo, codes, write_picture, tmp_path):
    group = converted.node_tree
    assert node_state.wanted(group) == node_state.converted(group)
    assert group.ldr_to_hdri.photo == str(photo)
    dull = write_picture(tmp_path / "dull.png", codes // 2 + 30)
    group.ldr_to_hdri.photo = str(dull)
    assert node_state.wanted(group) != node_state.converted(group)
    converted.inputs["EV"].default_value = 1.5
    bpy.ops.ldr_to_hdri.reconvert()
    assert node_state.wanted(group) == node_state.converted(group)
    assert node_state.restored_light(group).high == 0  # of the dull one
    assert converted.inputs["EV"].default_value == 1.5
    assert picture(converted).filepath == str(tmp_path / "dull_hdri.exr")


def test_converting_the_same_photo_again_writes_the_same_file(converted, photo):
    image = picture(converted)
    converted.node_tree.ldr_to_hdri.input_curve = "CAMERA"
    bpy.ops.ldr_to_hdri.reconvert()
    assert picture(converted) == image
    assert sorted(path.name for path in photo.parent.iterdir()) == ["lamp.png", "lamp_hdri.exr"]


@pytest.mark.parametrize("destination", ["SOURCE", "PACKED"])
def test_a_duplicated_world_keeps_its_picture_when_the_other_is_converted_again(photo, see, destination):
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo), destination=destination, input_curve="SRGB")
    world = bpy.context.scene.world
    copied = world.copy()
    before = see((1.0, 0.1, 0.3))
    node = lit_node(world)
    node.node_tree.ldr_to_hdri.input_curve = "CAMERA"
    bpy.ops.ldr_to_hdri.reconvert()
    assert lit_node(copied).node_tree != node.node_tree
    assert picture(lit_node(copied)) != picture(node)
    assert not np.array_equal(see((1.0, 0.1, 0.3)), before)
    bpy.context.scene.world = copied
    np.testing.assert_array_equal(see((1.0, 0.1, 0.3)), before)


def test_an_appended_world_keeps_its_state_and_converts(converted, photo, see, tmp_path):
    converted.node_tree.ldr_to_hdri.input_curve = "SRGB"
    before = see((1.0, 0.1, 0.3))
    name = bpy.context.scene.world.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=False) as (_, wanted):
        wanted.worlds = [name]
    bpy.context.scene.world = wanted.worlds[0]
    group = lit_node(wanted.worlds[0]).node_tree
    assert (group.ldr_to_hdri.photo, group.ldr_to_hdri.input_curve) == (str(photo), "SRGB")
    np.testing.assert_array_equal(see((1.0, 0.1, 0.3)), before)
    assert bpy.ops.ldr_to_hdri.reconvert() == {"FINISHED"}


def test_a_linked_world_is_locked_with_the_reason(converted, tmp_path):
    name = bpy.context.scene.world.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.worlds = [name]
    linked = bpy.context.scene.world = wanted.worlds[0]
    assert "linked from library.blend" in why_locked(lit_node(linked))
    assert not bpy.ops.ldr_to_hdri.reconvert.poll()
    assert not bpy.ops.ldr_to_hdri.add_world_node.poll()


def test_undo_takes_an_added_node_away_again(contents):
    bpy.ops.ed.undo_push(message="before")
    before = contents()
    bpy.ops.ldr_to_hdri.add_world_node("EXEC_DEFAULT", True)
    assert contents() != before
    bpy.ops.ed.undo()
    assert contents() == before
    bpy.ops.ed.redo()
    assert lit_node(bpy.context.scene.world).node_tree.ldr_to_hdri.photo == ""


def test_the_choices_of_a_group_have_names_and_tooltips():
    properties = bpy.data.node_groups.new("any", "ShaderNodeTree").ldr_to_hdri.bl_rna.properties
    for name in ("photo", "projection", "input_curve", "compression"):
        assert properties[name].name
        assert properties[name].description
    assert bpy.ops.ldr_to_hdri.reconvert.get_rna_type().properties["group"].description
