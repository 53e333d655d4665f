"""Puts an environment into a scene's world, and keeps all else that is there."""

from __future__ import annotations

from typing import Literal

import bpy

from .environment import shows_our_group, upstream
from .errors import SceneError
from .node_group import GROUP_NAME, Origin, create_group, show_image

_PREVIOUS = "ldr_to_hdri_previous_world"

WorldMode = Literal["NEW", "REPLACE", "NONE"]


def check_world(scene: bpy.types.Scene, mode: WorldMode) -> None:
    """Raises SceneError where `insert_environment` could not do its work. Changes nothing."""
    if mode == "NONE":
        return
    if scene.library is not None:
        raise SceneError(
            f'The scene "{scene.name}" is linked from another file, so its world cannot be set.',
            "Make the scene local, or choose World: Image Only.",
        )
    world = scene.world
    if mode == "REPLACE" and world is not None and (world.library is not None or world.override_library is not None):
        raise SceneError(
            f'The world "{world.name}" is linked from another file, so its nodes cannot be changed.',
            "Make the world local, or choose World: New.",
        )


def insert_environment(
    scene: bpy.types.Scene, mode: WorldMode, image: bpy.types.Image, origin: Origin, *, name: str
) -> bpy.types.World | None:
    """Lights `scene` with `image`, and returns the world that does; None for mode "NONE", which does nothing.

    NEW: a new world called `name`; the one before stays in the file, with a fake user.
    REPLACE: the active world, whose other nodes all stay; where there is none, as NEW.
    Raises SceneError before any change where the scene or its world is linked.
    """
    check_world(scene, mode)
    if mode == "NONE":
        return None
    if mode == "REPLACE" and scene.world is not None:
        _replace_environment(scene.world, image, origin)
    else:
        _assign_new_world(scene, image, origin, name)
    return scene.world


def _assign_new_world(scene: bpy.types.Scene, image: bpy.types.Image, origin: Origin, name: str) -> None:
    world = bpy.data.worlds.new(name)
    tree = nodes_of_world(world)
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputWorld")
    output.location = (300, 0)
    background = _add_background(tree, output)
    _add_group_node(tree, create_group(image, origin), [background])
    if scene.world is not None:
        scene.world.use_fake_user = True
        if scene.world.library is not None:  # a linked one is saved only where something uses it
            world[_PREVIOUS] = scene.world
    scene.world = world


def _replace_environment(world: bpy.types.World, image: bpy.types.Image, origin: Origin) -> None:
    tree = nodes_of_world(world)
    outputs = _active_outputs(tree)
    ours = [node for output in outputs for node in upstream(output.inputs["Surface"]) if shows_our_group(node)]
    for node in ours:
        if node.node_tree.users > 1 or node.node_tree.library is not None:  # another world shows the same group
            node.node_tree = node.node_tree.copy()
        show_image(node.node_tree, image, origin)
    if not ours:
        backgrounds = [_background_of(output) or _add_background(tree, output) for output in outputs]
        _add_group_node(tree, create_group(image, origin), backgrounds)


def nodes_of_world(world: bpy.types.World) -> bpy.types.NodeTree:
    """The world's nodes, switched on. Before Blender 5.0 a world may be a plain colour, which then stays in a node."""
    if bpy.app.version < (5, 0, 0) and not world.use_nodes:
        world.use_nodes = True
        plain = world.node_tree.nodes.new("ShaderNodeRGB")
        plain.label = "Color without nodes"
        plain.location = (-300, -300)
        plain.outputs[0].default_value = (*world.color, 1.0)
    return world.node_tree


def _active_outputs(tree: bpy.types.NodeTree) -> list[bpy.types.Node]:
    """The outputs that Cycles and EEVEE use: mostly one and the same; a new one where there is none."""
    outputs: list[bpy.types.Node] = []
    for target in ("CYCLES", "EEVEE"):
        output = tree.get_output_node(target)
        if output is not None and output not in outputs:
            outputs.append(output)
    return outputs or [tree.nodes.new("ShaderNodeOutputWorld")]


def _background_of(output: bpy.types.Node) -> bpy.types.Node | None:
    """Of the Backgrounds that reach `output`: first one that shows a picture, then one whose colour is fed, then any."""
    backgrounds = [node for node in upstream(output.inputs["Surface"]) if node.type == "BACKGROUND"]

    def rank(background: bpy.types.Node) -> int:
        fed_by = {node.type for node in upstream(background.inputs["Color"])}
        return 0 if "TEX_ENVIRONMENT" in fed_by else 1 if fed_by else 2

    return min(backgrounds, key=rank, default=None)


def _add_background(tree: bpy.types.NodeTree, output: bpy.types.Node) -> bpy.types.Node:
    background = tree.nodes.new("ShaderNodeBackground")
    background.location = (output.location.x - 200, output.location.y)
    tree.links.new(background.outputs["Background"], output.inputs["Surface"])
    return background


def _add_group_node(tree: bpy.types.NodeTree, group: bpy.types.NodeTree, backgrounds: list[bpy.types.Node]) -> None:
    node = tree.nodes.new("ShaderNodeGroup")
    node.node_tree = group
    node.label = GROUP_NAME
    node.width = 180
    node.location = (backgrounds[0].location.x - 220, backgrounds[0].location.y)
    for background in backgrounds:
        tree.links.new(node.outputs["Color"], background.inputs["Color"])
