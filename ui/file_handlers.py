"""What becomes of photos that are dropped onto the 3D viewport or the node editor."""

from __future__ import annotations

import bpy

from ..operators.choices import PICTURES
from ..operators.drop import LDR_TO_HDRI_OT_drop
from ..operators.node_target import edited_tree
from ..operators.worker_session import warm_up

_PAUSE = 5.0  # seconds: Blender asks with every move of the mouse


def _welcome(it_fits: bool) -> bool:
    """Whether a photo may be dropped there. While it still hovers, the worker loads what its conversion needs."""
    if it_fits:
        warm_up(pause=_PAUSE)
    return it_fits


class VIEW3D_FH_ldr_to_hdri(bpy.types.FileHandler):
    bl_idname = "VIEW3D_FH_ldr_to_hdri"
    bl_label = "LDR Photo as HDRI World"
    bl_import_operator = LDR_TO_HDRI_OT_drop.bl_idname
    bl_file_extensions = ";".join(PICTURES)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return _welcome(context.area is not None and context.area.type == "VIEW_3D")


class NODE_FH_ldr_to_hdri(bpy.types.FileHandler):
    bl_idname = "NODE_FH_ldr_to_hdri"
    bl_label = "LDR Photo as HDRI"
    bl_import_operator = LDR_TO_HDRI_OT_drop.bl_idname
    bl_file_extensions = ";".join(PICTURES)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return _welcome(edited_tree(context) is not None)
