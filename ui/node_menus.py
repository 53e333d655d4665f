"""The entries in the Add menus of the world's and the compositor's node editor."""

from __future__ import annotations

import bpy

from ..operators.add_nodes import LDR_TO_HDRI_OT_add_compositor_node, LDR_TO_HDRI_OT_add_world_node
from ..operators.node_state import GROUP_NAME


def draw_add(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    space = context.space_data
    if space.tree_type == "CompositorNodeTree":
        operator = LDR_TO_HDRI_OT_add_compositor_node
    elif space.tree_type == "ShaderNodeTree" and space.shader_type == "WORLD":
        operator = LDR_TO_HDRI_OT_add_world_node
    else:
        return
    self.layout.separator()
    self.layout.operator(operator.bl_idname, text=GROUP_NAME, icon="WORLD")
