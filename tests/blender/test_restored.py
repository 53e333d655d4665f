"""How much of the light was restored: the operator tells, and the panel does while the environment lights the world."""

from __future__ import annotations

import re

import bpy
import drawing
import pytest
from bl_ext.user_default.ldr_to_hdri.hdr_core.restored import RestoredLight
from bl_ext.user_default.ldr_to_hdri.operators.environment import environment_node
from bl_ext.user_default.ldr_to_hdri.operators.node_group import restored_light

convert = bpy.ops.ldr_to_hdri.convert
SENTENCE = r"\d+% of the light was restored \(\d+ to \d+%\)\."


@pytest.fixture
def shown():
    """What the panel of the scene's world says of the light that was restored."""
    return lambda: [
        text for text in drawing.draw("WORLD_PT_ldr_to_hdri_source").texts if "of the light" in text or "No light" in text
    ]


def test_operator_and_panel_say_the_same_and_the_file_keeps_it(photo, shown, capfd, tmp_path):
    assert shown() == []
    convert(filepath=str(photo))
    said = re.search(SENTENCE, capfd.readouterr().out)
    assert said is not None
    assert shown() == [said[0]]
    light = restored_light(environment_node(bpy.context.scene.world).node_tree)
    assert 0 < light.low < light.share < light.high <= 1
    assert light.in_numbers().encode() in photo.with_name("lamp_hdri.exr").read_bytes()[:2000]
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    assert restored_light(environment_node(bpy.context.scene.world).node_tree) == light
    assert shown() == [said[0]]


def test_another_photo_replaces_what_is_said(photo, codes, write_picture, shown, tmp_path):
    convert(filepath=str(photo))
    dull = write_picture(tmp_path / "dull.png", codes // 2 + 30)
    convert(filepath=str(dull), world="REPLACE")
    assert shown() == ["No light had to be restored."]
    assert restored_light(environment_node(bpy.context.scene.world).node_tree) == RestoredLight(0.0, 0.0, 0.0)


def test_an_environment_that_lights_nothing_is_not_told_of(photo, shown):
    convert(filepath=str(photo))
    tree = bpy.context.scene.world.node_tree
    group = next(node for node in tree.nodes if node.type == "GROUP")
    (link,) = group.outputs["Color"].links
    tree.links.remove(link)
    assert shown() == []
    bpy.context.scene.world = None
    assert shown() == []


def test_an_environment_of_an_earlier_version_says_nothing(photo, shown):
    convert(filepath=str(photo))
    group = next(node for node in bpy.context.scene.world.node_tree.nodes if node.type == "GROUP")
    del group.node_tree["ldr_to_hdri_restored"]
    assert shown() == []
