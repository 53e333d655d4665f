"""The operators that add a node "LDR to HDRI": bpy.ops.ldr_to_hdri.add_world_node and add_compositor_node."""

from __future__ import annotations

from typing import Any, ClassVar

import bpy

from .compositor_group import compositor_tree, empty_compositor_group
from .node_group import empty_group
from .node_state import GROUP_NAME
from .node_target import edited_tree
from .world import nodes_of_world


class LDR_TO_HDRI_OT_add_world_node(bpy.types.Operator):
    """Add a node that shows a photo as an HDR environment: choose the photo in the sidebar"""

    bl_idname = "ldr_to_hdri.add_world_node"
    bl_label = "Add LDR to HDRI to World"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        tree, world = edited_tree(context), context.scene.world
        if tree is not None and tree.bl_idname == "ShaderNodeTree":
            return _is_local(cls, tree)
        if world is None:
            cls.poll_message_set("The scene has no world")
            return False
        return _is_local(cls, world)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return _add_under_mouse(self, context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        tree = edited_tree(context)
        if tree is None or tree.bl_idname != "ShaderNodeTree":
            scene: Any = context.scene
            tree = nodes_of_world(scene.world)
        _add(context, tree, "ShaderNodeGroup", empty_group())
        return {"FINISHED"}


class LDR_TO_HDRI_OT_add_compositor_node(bpy.types.Operator):
    """Add a node that shows a photo as an HDR image: choose the photo in the sidebar"""

    bl_idname = "ldr_to_hdri.add_compositor_node"
    bl_label = "Add LDR to HDRI to Compositor"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        tree = edited_tree(context)
        if tree is not None and tree.bl_idname == "CompositorNodeTree":
            return _is_local(cls, tree)
        scene: Any = context.scene
        return _is_local(cls, scene)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return _add_under_mouse(self, context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        tree = edited_tree(context)
        if tree is None or tree.bl_idname != "CompositorNodeTree":
            tree = compositor_tree(context.scene)
        _add(context, tree, "CompositorNodeGroup", empty_compositor_group())
        return {"FINISHED"}


def _add_under_mouse(operator: Any, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
    """As Blender adds nodes: the new one follows the mouse, in an editor of such nodes."""
    if edited_tree(context) is None:
        return operator.execute(context)
    space: Any = context.space_data
    space.cursor_location_from_region(event.mouse_region_x, event.mouse_region_y)
    done = operator.execute(context)
    bpy.ops.node.translate_attach_remove_on_cancel("INVOKE_DEFAULT")
    return done


def _is_local(operator: Any, block: bpy.types.ID) -> bool:
    if block.library is not None or block.override_library is not None:
        operator.poll_message_set(f'"{block.name}" is linked from another file: make it local to change it')
        return False
    return True


def _add(context: bpy.types.Context, tree: Any, kind: str, group: bpy.types.NodeTree) -> None:
    left = min((node.location.x for node in tree.nodes), default=0.0)
    for node in tree.nodes:
        node.select = False
    node = tree.nodes.new(kind)
    node.node_tree = group
    node.label = GROUP_NAME
    node.width = 200
    node.location = (left - 260, 0.0)
    node.select = True
    tree.nodes.active = node
    if edited_tree(context) == tree:
        space: Any = context.space_data
        node.location = space.cursor_location
