"""Which environment of ours lights a world."""

from __future__ import annotations

from typing import Any

import bpy

from .node_group import is_ours


def environment_node(world: bpy.types.World | None) -> Any:
    """The group node of ours that lights `world`, the nearest to its output; None where there is none."""
    output = world.node_tree.get_output_node("ALL") if world is not None and world.node_tree is not None else None
    waiting: list[Any] = [output.inputs["Surface"]] if output is not None else []
    seen = set()
    while waiting:
        for link in waiting.pop(0).links:
            node = link.from_node
            if node.name in seen or link.is_muted:
                continue
            if node.type == "GROUP" and is_ours(node.node_tree):
                return node
            seen.add(node.name)
            waiting.extend(node.inputs)
    return None


def picture_node(tree: bpy.types.NodeTree) -> Any:
    """The node of one of our groups that shows the picture."""
    return next(node for node in tree.nodes if node.type == "TEX_ENVIRONMENT")
