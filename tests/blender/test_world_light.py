"""Light comes from where it is in the panorama: Cycles renders of a world with lamps in known directions."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import bpy
import camera
import numpy as np
import pytest
from bl_ext.user_default.ldr_to_hdri.hdr_core.restored import RestoredLight
from bl_ext.user_default.ldr_to_hdri.hdr_core.settings import ConvertSettings
from bl_ext.user_default.ldr_to_hdri.operators.node_group import GROUP_NAME, Origin
from bl_ext.user_default.ldr_to_hdri.operators.world import insert_environment

RED, GREEN, BLUE = (4.0, 0.0, 0.0), (0.0, 2.0, 0.0), (0.0, 0.0, 1.0)
FRONT, LEFT, UP = (1, 0, 0), (0, 1, 0), (0, 0, 1)  # the middle of a panorama is Blender's +X, its left quarter +Y
BLACK = (0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def lamps(write_exr) -> Path:
    """Red in the panorama's middle, green at the left quarter, blue overhead."""
    radiance = np.zeros((64, 128, 3))
    radiance[26:38, 58:70] = RED
    radiance[26:38, 26:38] = GREEN
    radiance[:6] = BLUE
    return write_exr("lamps.exr", radiance)


@pytest.fixture
def world(lamps: Path) -> bpy.types.World:
    image = bpy.data.images.load(str(lamps))
    origin = Origin("lamps.jpg", str(lamps), ConvertSettings(), RestoredLight(0.62, 0.41, 0.78))
    return insert_environment(bpy.context.scene, "NEW", image, origin, name="lamps")


@pytest.fixture
def see(tmp_path: Path):
    return lambda direction: tuple(camera.look(direction, tmp_path / "seen.exr").mean((0, 1)).tolist())


def close(colour: tuple[float, float, float]):
    return pytest.approx(colour, abs=0.05)  # Cycles blends the top row with the bottom one


def group_node(world: bpy.types.World) -> bpy.types.Node:
    return next(node for node in world.node_tree.nodes if node.label == GROUP_NAME)


def test_lamps_shine_from_their_directions(world, see):
    assert see(FRONT) == close(RED)
    assert see(LEFT) == close(GREEN)
    assert see(UP) == close(BLUE)
    for empty in ((-1, 0, 0), (0, -1, 0), (0, 0, -1)):
        assert see(empty) == close(BLACK)


def test_rotation_turns_the_environment_as_it_would_turn_an_object(world, see):
    rotation = group_node(world).inputs["Rotation"]
    rotation.default_value = (0, 0, math.radians(90))  # +X goes to +Y, +Y to -X
    assert see(LEFT) == close(RED)
    assert see((-1, 0, 0)) == close(GREEN)
    assert see(UP) == close(BLUE)
    rotation.default_value = (math.radians(90), 0, 0)  # +Y goes to +Z, +Z to -Y
    assert see(FRONT) == close(RED)
    assert see(UP) == close(GREEN)
    assert see((0, -1, 0)) == close(BLUE)


def test_one_stop_doubles_the_light_exactly(world, tmp_path):
    plain = camera.look(FRONT, tmp_path / "plain.exr")
    group_node(world).inputs["EV"].default_value = 1.0
    np.testing.assert_array_equal(camera.look(FRONT, tmp_path / "brighter.exr"), 2 * plain)
    group_node(world).inputs["EV"].default_value = -2.0
    np.testing.assert_array_equal(camera.look(FRONT, tmp_path / "darker.exr"), plain / 4)


def test_the_file_renders_the_same_without_the_extension(world, tmp_path):
    node = group_node(world)
    node.inputs["Rotation"].default_value = (0.1, 0.2, 0.3)
    node.inputs["EV"].default_value = 0.7
    direction = (1.0, 0.25, 0.1)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "lit.blend"))
    here = camera.look(direction, tmp_path / "here.exr")
    command = [sys.executable, camera.__file__, tmp_path / "lit.blend", tmp_path / "there.exr", *map(str, direction)]
    bare = {**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path / "no_extension")}
    subprocess.run(command, check=True, env=bare, capture_output=True)
    assert here.max() > 1
    np.testing.assert_array_equal(np.load(tmp_path / "there.exr.npy"), here)
