"""The sidebar of the node editor: the photo, its conversion, and the controls of the node "LDR to HDRI"."""

from __future__ import annotations

import bpy

from ..operators.add_nodes import LDR_TO_HDRI_OT_add_compositor_node, LDR_TO_HDRI_OT_add_world_node
from ..operators.node_target import edited_tree, node_in_context
from .draw_node import draw_controls, draw_source
from .icon import icon
from .places import InNodes
from .queue_list import draw_queue
from .runtime_box import draw_missing_runtime


class NODE_PT_ldr_to_hdri(InNodes, bpy.types.Panel):
    bl_label = "LDR to HDRI"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return edited_tree(context) is not None

    def draw_header(self, _context: bpy.types.Context) -> None:
        self.layout.label(text="", icon_value=icon())

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        draw_missing_runtime(layout)
        draw_queue(layout)
        node = node_in_context(context)
        if node is not None:
            draw_source(layout, node)
            return
        world = edited_tree(context).bl_idname == "ShaderNodeTree"
        operator = LDR_TO_HDRI_OT_add_world_node if world else LDR_TO_HDRI_OT_add_compositor_node
        layout.label(text="There is no node LDR to HDRI here.")
        layout.operator(operator.bl_idname, text="Add", icon="ADD")


class NODE_PT_ldr_to_hdri_controls(InNodes, bpy.types.Panel):
    bl_label = "Controls"
    bl_parent_id = "NODE_PT_ldr_to_hdri"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return node_in_context(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        draw_controls(self.layout, node_in_context(context))
