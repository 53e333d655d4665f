"""The compositor's node: the converted picture, graded, as Blender renders it."""

from __future__ import annotations

from pathlib import Path

import bpy
import camera
import numpy as np
import pytest
from bl_ext.user_default.ldr_to_hdri.operators.compositor_group import compositor_tree

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


@pytest.fixture
def node() -> bpy.types.Node:
    """The node, added to the scene's compositor and shown by it."""
    assert bpy.ops.ldr_to_hdri.add_compositor_node() == {"FINISHED"}
    tree = compositor_tree(bpy.context.scene)
    node = tree.nodes.active
    result = next(end for end in tree.nodes if end.type in {"COMPOSITE", "GROUP_OUTPUT"})
    tree.links.new(node.outputs["Image"], result.inputs["Image"])
    return node


def show(node: bpy.types.Node, path: Path) -> None:
    next(inner for inner in node.node_tree.nodes if inner.type == "IMAGE").image = bpy.data.images.load(str(path))


@pytest.fixture
def render(tmp_path: Path):
    """The middle of what the compositor makes, (8, 8, 3)."""
    return lambda: camera.look((1, 0, 0), tmp_path / "composed.exr")


@pytest.fixture(scope="module")
def picture(write_exr) -> Path:
    """As large as the render, so that nothing is scaled; every pixel another radiance."""
    return write_exr("picture.exr", np.exp(np.random.default_rng(2).uniform(-4, 7, (8, 8, 3))))


def pixels(path: Path) -> np.ndarray:
    image = bpy.data.images.load(str(path), check_existing=True)
    return np.array(image.pixels[:], np.float32).reshape(8, 8, 4)[..., :3]


def test_neutral_controls_change_nothing_to_the_last_bit(node, render, picture):
    show(node, picture)
    np.testing.assert_array_equal(render(), pixels(picture))


def test_the_controls_grade_as_in_the_world(node, render, picture):
    show(node, picture)
    plain = pixels(picture)
    node.inputs["EV"].default_value = 1.0
    np.testing.assert_allclose(render(), 2 * plain, rtol=1e-5)
    node.inputs["EV"].default_value = 0.0
    node.inputs["Saturation"].default_value = 0.0
    np.testing.assert_allclose(render(), np.repeat((plain @ LUMINANCE)[..., None], 3, -1), rtol=1e-4)
    node.inputs["Saturation"].default_value = 1.0
    node.inputs["Highlight Clamp"].default_value = 5.0
    assert render().max() == pytest.approx(5.0, rel=1e-4)
    node.inputs["Highlight Clamp"].default_value = 0.0
    node.inputs["Temperature"].default_value = 3000.0
    red, green, blue = (render() / plain).mean((0, 1))
    assert red > green > blue


def test_every_control_has_a_tooltip(node):
    inputs = [item for item in node.node_tree.interface.items_tree if item.item_type == "SOCKET" and item.in_out == "INPUT"]
    assert [item.name for item in inputs][:2] == ["EV", "Temperature"]
    assert all(item.description for item in inputs)


def test_the_photo_that_is_chosen_is_converted_and_shown(node, photo):
    node.node_tree.ldr_to_hdri.photo = str(photo)
    assert bpy.ops.ldr_to_hdri.reconvert(group=node.node_tree.name) == {"FINISHED"}
    shown = next(inner.image for inner in node.node_tree.nodes if inner.type == "IMAGE")
    assert Path(shown.filepath) == photo.with_name("lamp_hdri.exr")
    assert len(bpy.data.worlds) == 1  # the world is left alone


def test_adding_keeps_what_the_compositor_had(node):
    tree = compositor_tree(bpy.context.scene)
    assert {"R_LAYERS", "GROUP"} < {other.type for other in tree.nodes}
