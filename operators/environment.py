"""Which environment of ours lights a world."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

from .errors import SceneError
from .node_group import is_ours


def environment_node(world: bpy.types.World | None) -> Any:
    """The group node of ours that lights `world`, the nearest to its output; None where there is none."""
    output = world.node_tree.get_output_node("ALL") if world is not None and world.node_tree is not None else None
    feeding = upstream(output.inputs["Surface"]) if output is not None else ()
    return next((node for node in feeding if shows_our_group(node)), None)


def is_lit(operator: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Whether an environment of ours lights the scene; where none does, `operator` says so."""
    if environment_node(context.scene.world) is None:
        operator.poll_message_set("No environment of this extension lights the scene")
        return False
    return True


def rotation_socket(node: Any) -> Any:
    """The input that turns the environment, in radians. Raises SceneError where it cannot be set."""
    socket = node.inputs["Rotation"]
    if node.id_data.library is not None:
        raise SceneError("The world is linked from another file.", "Make it local first.")
    if socket.is_linked:
        raise SceneError(
            "Other nodes set the environment's rotation.", "Unlink the node's Rotation first, or turn it by those nodes."
        )
    return socket


def upstream(socket: bpy.types.NodeSocket) -> Iterator[Any]:
    """Every node that feeds `socket`, the nearest first, each once."""
    waiting, seen = [socket], set()
    while waiting:
        for link in waiting.pop(0).links:
            node = link.from_node
            if node.name not in seen and not link.is_muted:
                seen.add(node.name)
                yield node
                waiting.extend(node.inputs)


def shows_our_group(node: Any) -> bool:
    """Whether `node` is a group node, and its group one of ours."""
    return node.type == "GROUP" and is_ours(node.node_tree)


def picture_node(tree: bpy.types.NodeTree) -> Any:
    """The node of one of our groups that shows the picture."""
    return next(node for node in tree.nodes if node.type == "TEX_ENVIRONMENT")
