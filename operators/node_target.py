"""Which group "LDR to HDRI" the user means, and whether it can be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

from .environment import environment_node
from .errors import SceneError
from .node_state import GROUP_NAME, is_ours
from .node_users import all_trees

NODE_TREES = {"ShaderNodeTree", "CompositorNodeTree"}


@dataclass(frozen=True)
class Target:
    """A group of ours by name, and the node that shows it, by the name of its tree's kind and its own; empty for all nodes.

    Names, because pointers do not survive undo, which may happen while a photo is converted.
    """

    group: str
    tree: str = ""
    node: str = ""


def edited_tree(context: bpy.types.Context) -> Any:
    """The node tree in the editor that `context` is in, of a world or a compositor; None elsewhere."""
    space: Any = context.space_data
    if space is None or space.type != "NODE_EDITOR" or space.tree_type not in NODE_TREES:
        return None
    if space.tree_type == "ShaderNodeTree" and space.shader_type != "WORLD":
        return None
    return space.edit_tree


def node_in_context(context: bpy.types.Context) -> Any:
    """The node of ours that is active in the node editor, else its first one; elsewhere the one that lights the scene."""
    tree = edited_tree(context)
    if tree is None:
        return environment_node(context.scene.world)
    nodes = [node for node in (tree.nodes.active, *tree.nodes) if node is not None and node.type == "GROUP"]
    return next((node for node in nodes if is_ours(node.node_tree)), None)


def target_of(node: Any) -> Target:
    """What `own_group` finds again."""
    return Target(node.node_tree.name, repr(node.id_data), node.name)


def why_locked(node: Any) -> str:
    """Why the group of `node` cannot be changed, with what to do about it; empty where it can."""
    for block in (_owner(node.id_data), node.node_tree):
        if block.library is not None:
            return f'"{block.name}" is linked from {bpy.path.basename(block.library.filepath)}: make it local to change it'
        if block.override_library is not None:
            return f'"{block.name}" is a library override: make it local to change it'
    return ""


def find(target: Target) -> Any:
    """The group of `target`. Raises SceneError where it is gone, or linked."""
    group = next((tree for tree in bpy.data.node_groups if tree.name == target.group and tree.library is None), None)
    if group is None or not is_ours(group):
        raise SceneError(f'There is no local node group "{target.group}" of {GROUP_NAME}.', "Choose one that is in this file.")
    return group


def own_group(target: Target) -> Any:
    """The group of `target` for writing: where other nodes show it too, its node gets a copy of its own."""
    group = find(target)
    trees = (tree for tree in all_trees() if repr(tree) == target.tree and tree.library is None)
    node: Any = next((tree.nodes[target.node] for tree in trees if target.node in tree.nodes), None)
    if node is None or node.node_tree != group or group.users - group.use_fake_user <= 1:
        return group
    node.node_tree = group.copy()
    return node.node_tree


def _owner(tree: bpy.types.NodeTree) -> Any:
    """The world or scene that `tree` is embedded in, or the tree itself where it is a group."""
    if not tree.is_embedded_data:
        return tree
    owners: list[Any] = [*bpy.data.worlds, *bpy.data.scenes]
    return next((owner for owner in owners if getattr(owner, "node_tree", None) == tree), tree)
