"""Where in the .blend a node group is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy


def nodes_that_show(tree: bpy.types.NodeTree) -> Iterator[Any]:
    """Every group node of this file whose group is `tree`."""
    for owner in all_trees():
        for node in owner.nodes:
            if getattr(node, "node_tree", None) == tree:
                yield node


def all_trees() -> Iterator[bpy.types.NodeTree]:
    """Every node tree that a group node may be in: groups, and those embedded in worlds, materials, lights and scenes."""
    yield from bpy.data.node_groups
    embedded: list[Any] = [*bpy.data.worlds, *bpy.data.materials, *bpy.data.lights]
    if bpy.app.version < (5, 0, 0):  # from then on the compositor's trees are groups
        embedded += bpy.data.scenes
    yield from (block.node_tree for block in embedded if block.node_tree is not None)
