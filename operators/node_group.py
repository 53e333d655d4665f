"""The world's node group "LDR to HDRI": a plain shader group, so that a file renders the same without the extension.

Its inputs are those of `WORLD_CONTROLS`; its output Color is radiance. What it was made from is kept on it: see node_state.
"""

from __future__ import annotations

from typing import Any

import bpy

from .grading import grade
from .node_sockets import RESULT, WORLD_CONTROLS, add_controls
from .node_state import GROUP_NAME, Origin, image_node, is_ours, mark_empty, restored_light, write_origin
from .node_writer import NodeWriter, Socket

__all__ = ["GROUP_NAME", "Origin", "create_group", "empty_group", "is_ours", "restored_light", "show_image"]

_FIRST_LAYOUT = sorted(  # the nodes of version 0.1, which had Rotation and EV only
    ("GROUP_INPUT", "TEX_COORD", "MAPPING", "TEX_ENVIRONMENT", "MATH", "VECT_MATH", "GROUP_OUTPUT")
)
_FIRST_INPUTS = ["Rotation", "EV"]


def create_group(image: bpy.types.Image, origin: Origin) -> bpy.types.NodeTree:
    """A new group that shows `image`; every environment has its own, so that two worlds may show different images."""
    tree = empty_group()
    show_image(tree, image, origin)
    return tree


def empty_group() -> bpy.types.NodeTree:
    """A new group that shows no image yet."""
    tree = bpy.data.node_groups.new(GROUP_NAME, "ShaderNodeTree")
    add_controls(tree, WORLD_CONTROLS)
    tree.interface.new_socket(name="Color", description=RESULT, in_out="OUTPUT", socket_type="NodeSocketColor")
    _build(tree)
    mark_empty(tree)
    return tree


def show_image(tree: bpy.types.NodeTree, image: bpy.types.Image, origin: Origin) -> None:
    """Lets one of our groups show `image`; its other nodes stay as they are.

    A group of version 0.1 gets the controls that came later, and keeps its links and values, unless its inside was changed.
    """
    if _is_first_layout(tree):
        _upgrade(tree)
    shows: Any = image_node(tree)
    shows.image = image
    write_origin(tree, origin)


def _is_first_layout(tree: bpy.types.NodeTree) -> bool:
    inputs = [item.name for item in tree.interface.items_tree if item.item_type == "SOCKET" and item.in_out == "INPUT"]
    if inputs != _FIRST_INPUTS or sorted(node.type for node in tree.nodes) != _FIRST_LAYOUT:
        return False
    links = {(link.from_node.type, link.to_node.type) for link in tree.links if link.is_valid and not link.is_muted}
    power: Any = next(node for node in tree.nodes if node.type == "MATH")
    return len(tree.links) == len(links) == 7 and power.operation == "POWER" and power.inputs[0].default_value == 2.0


def _upgrade(tree: bpy.types.NodeTree) -> None:
    before: Any = image_node(tree)
    kept = {name: getattr(before, name) for name in ("interpolation", "projection")}
    add_controls(tree, WORLD_CONTROLS)
    tree.nodes.clear()
    _build(tree)
    now: Any = image_node(tree)
    for name, value in kept.items():
        setattr(now, name, value)


def _build(tree: bpy.types.NodeTree) -> None:
    write = NodeWriter(tree)
    given = write.node("NodeGroupInput", collapsed=False).outputs
    direction = _scatter(write, write.node("ShaderNodeTexCoord").outputs["Generated"], given["Blur"])
    turned = ("Vector", direction), ("Rotation", given["Rotation"])
    mapping = write.node(
        "ShaderNodeMapping", *turned, vector_type="TEXTURE"
    )  # the inverse turn of the lookup turns what is seen
    environment = write.node("ShaderNodeTexEnvironment", ("Vector", mapping.outputs["Vector"]), collapsed=False)
    strength = _strength(write, given["Background Strength"], given["Lighting Strength"])
    colour = grade(write, environment.outputs["Color"], given, strength)
    write.node("NodeGroupOutput", ("Color", colour), collapsed=False)


def _scatter(write: NodeWriter, direction: Socket, blur: Socket) -> Socket:
    """`direction` moved at random, by up to `blur` along each axis and rather less than more: a tent filter once averaged.

    No node of all versions and engines looks up a blurred image, but every sample of a pixel has a direction of its own.
    """
    one = write.node("ShaderNodeTexWhiteNoise", ("Vector", direction))
    other = write.node("ShaderNodeTexWhiteNoise", ("Vector", direction), ("W", 1.0), noise_dimensions="4D")
    offset = write.vectors("SUBTRACT", (0, one.outputs["Color"]), (1, other.outputs["Color"]))
    scaled = write.vectors("SCALE", (0, offset), ("Scale", blur))
    return write.vectors("ADD", (0, direction), (1, scaled))


def _strength(write: NodeWriter, seen: Socket, lighting: Socket) -> Socket:
    """`seen` for rays from the camera, `lighting` for all others."""
    camera = write.node("ShaderNodeLightPath").outputs["Is Camera Ray"]
    return write.math("MULTIPLY_ADD", camera, write.math("SUBTRACT", seen, lighting), lighting)
