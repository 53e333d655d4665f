"""Files that older versions of the extension saved: they look the same, and go on. scripts/older_files.py made them."""

from __future__ import annotations

import json
from pathlib import Path

import bpy
import camera
import numpy as np
import pytest
from bl_ext.user_default.ldr_to_hdri.operators import node_state
from bl_ext.user_default.ldr_to_hdri.operators.environment import environment_node
from bl_ext.user_default.ldr_to_hdri.operators.node_sockets import WORLD_CONTROLS

OLDER = sorted(Path(__file__).with_name("older").glob("*.blend"))


def saved_in(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.stem.rpartition("-")[2].split("."))


@pytest.mark.parametrize("path", [path for path in OLDER if saved_in(path) <= bpy.app.version[:2]], ids=lambda path: path.stem)
def test_a_saved_world_is_known_and_looks_the_same(path: Path, tmp_path: Path):
    bpy.ops.wm.open_mainfile(filepath=str(path))
    node = environment_node(bpy.context.scene.world)
    assert node is not None
    assert node_state.is_ours(node.node_tree)
    assert node_state.converted(node.node_tree) == node_state.wanted(node.node_tree)
    assert node.inputs["EV"].default_value == 1.5
    expected = json.loads(path.with_suffix(".json").read_text())
    for direction, colour in zip(expected["directions"], expected["seen"], strict=True):
        seen = camera.look(tuple(direction), tmp_path / "seen.exr").mean((0, 1))
        np.testing.assert_allclose(seen, colour, rtol=1e-4)


@pytest.mark.skipif(bpy.app.version < (5, 0), reason="once is enough: a conversion takes seconds")
def test_a_world_of_the_first_version_is_converted_again(photo: Path):
    bpy.ops.wm.open_mainfile(filepath=str(OLDER[0]))
    node = environment_node(bpy.context.scene.world)
    node.node_tree.ldr_to_hdri.photo = str(photo)
    assert bpy.ops.ldr_to_hdri.reconvert() == {"FINISHED"}
    node = environment_node(bpy.context.scene.world)
    assert node.inputs["EV"].default_value == 1.5, "what was set stays"
    assert {control.name for control in WORLD_CONTROLS} <= {socket.name for socket in node.inputs}
    assert node_state.converted(node.node_tree).photo == str(photo)
