"""The sidebar of the node editor: the photo, its conversion, and the controls of the node "LDR to HDRI"."""

from __future__ import annotations

from typing import Any

import bpy

from ..operators import conversion
from ..operators.add_nodes import LDR_TO_HDRI_OT_add_compositor_node, LDR_TO_HDRI_OT_add_world_node
from ..operators.cancel import LDR_TO_HDRI_OT_cancel
from ..operators.node_state import converted, exr_of, restored_light, wanted
from ..operators.node_target import edited_tree, node_in_context, why_locked
from ..operators.reconvert import LDR_TO_HDRI_OT_reconvert

_SETTINGS = ("photo", "projection", "fov", "pitch", "roll", "yaw", "scale", "input_curve", "compression")


class _InSidebar:
    bl_space_type = "NODE_EDITOR"
    bl_region_type = "UI"
    bl_category = "LDR to HDRI"


class NODE_PT_ldr_to_hdri(_InSidebar, bpy.types.Panel):
    bl_label = "LDR to HDRI"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return edited_tree(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        node = node_in_context(context)
        if node is None:
            world = edited_tree(context).bl_idname == "ShaderNodeTree"
            operator = LDR_TO_HDRI_OT_add_world_node if world else LDR_TO_HDRI_OT_add_compositor_node
            layout.label(text="There is no node LDR to HDRI here.")
            layout.operator(operator.bl_idname, text="Add", icon="ADD")
            return
        locked = why_locked(node)
        if locked:
            for line in locked.split(": "):
                layout.label(text=line, icon="LINKED" if line == locked.split(": ")[0] else "BLANK1")
        column = layout.column()
        column.enabled = not locked and conversion.running() is None
        column.use_property_split = True
        column.use_property_decorate = False
        for name in _SETTINGS:
            column.prop(node.node_tree.ldr_to_hdri, name)
        if conversion.running() is not None:
            _draw_progress(layout)
        else:
            _draw_convert(layout, node.node_tree)


class NODE_PT_ldr_to_hdri_controls(_InSidebar, bpy.types.Panel):
    bl_label = "Controls"
    bl_parent_id = "NODE_PT_ldr_to_hdri"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return node_in_context(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        node = node_in_context(context)
        column = self.layout.column()
        column.enabled = not why_locked(node)
        column.use_property_split = True
        column.use_property_decorate = False
        for socket in node.inputs:
            if socket.is_linked:
                column.label(text=f"{socket.name}: linked")
            else:
                column.prop(socket, "default_value", text=socket.name)


def _draw_progress(layout: Any) -> None:
    job = conversion.running().job
    layout.progress(factor=job.fraction, text=job.stage or "starting")
    layout.operator(LDR_TO_HDRI_OT_cancel.bl_idname, text="Cancel", icon="CANCEL")


def _draw_convert(layout: Any, tree: Any) -> None:
    changed = wanted(tree) != converted(tree)
    first = not exr_of(tree)
    if changed and not first:
        layout.label(text="The photo or its settings changed", icon="INFO")
    row = layout.row()
    row.scale_y = 1.5 if changed else 1.0
    row.enabled = bool(wanted(tree).photo)
    icon = "FILE_REFRESH" if not first else "WORLD"
    row.operator(LDR_TO_HDRI_OT_reconvert.bl_idname, text="Convert" if first else "Convert Again", icon=icon, depress=changed)
    restored = restored_light(tree)
    if restored is not None:
        layout.label(text=restored.in_words(), icon="LIGHT_SUN")
