"""The compositor's node group "LDR to HDRI": the converted picture and its grading. Its nodes exist from 4.2 on."""

from __future__ import annotations

from typing import Any

import bpy

from .grading import grade
from .node_sockets import COMPOSITOR_CONTROLS, RESULT, add_controls
from .node_state import GROUP_NAME, mark_empty
from .node_writer import NodeWriter


def empty_compositor_group() -> bpy.types.NodeTree:
    """A new group that shows no image yet. Its output Image is radiance, in the .blend's working space."""
    tree = bpy.data.node_groups.new(GROUP_NAME, "CompositorNodeTree")
    add_controls(tree, COMPOSITOR_CONTROLS)
    tree.interface.new_socket(name="Image", description=RESULT, in_out="OUTPUT", socket_type="NodeSocketColor")
    write = NodeWriter(tree)
    given = write.node("NodeGroupInput", collapsed=False).outputs
    picture = write.node("CompositorNodeImage", collapsed=False)
    write.node("NodeGroupOutput", ("Image", grade(write, picture.outputs["Image"], given)), collapsed=False)
    mark_empty(tree)
    return tree


def compositor_tree(scene: Any) -> Any:
    """The compositor's nodes of `scene`, switched on; where there are none, new ones that show the render."""
    if bpy.app.version < (5, 0, 0):
        scene.use_nodes = True
        return scene.node_tree
    if scene.compositing_node_group is None:
        tree = bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
        tree.interface.new_socket(name="Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        layers, result = tree.nodes.new("CompositorNodeRLayers"), tree.nodes.new("NodeGroupOutput")
        result.location = (400.0, 0.0)
        tree.links.new(layers.outputs["Image"], result.inputs["Image"])
        scene.compositing_node_group = tree
    return scene.compositing_node_group
