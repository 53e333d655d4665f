"""What becomes of photos that are dropped onto the 3D viewport or the node editor."""

from __future__ import annotations

import bpy

from ..operators.choices import PICTURES
from ..operators.drop import LDR_TO_HDRI_OT_drop
from ..operators.node_target import edited_tree


class VIEW3D_FH_ldr_to_hdri(bpy.types.FileHandler):
    bl_idname = "VIEW3D_FH_ldr_to_hdri"
    bl_label = "LDR Photo as HDRI World"
    bl_import_operator = LDR_TO_HDRI_OT_drop.bl_idname
    bl_file_extensions = ";".join(PICTURES)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D"


class NODE_FH_ldr_to_hdri(bpy.types.FileHandler):
    bl_idname = "NODE_FH_ldr_to_hdri"
    bl_label = "LDR Photo as HDRI"
    bl_import_operator = LDR_TO_HDRI_OT_drop.bl_idname
    bl_file_extensions = ";".join(PICTURES)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return edited_tree(context) is not None
