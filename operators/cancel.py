"""The operator bpy.ops.ldr_to_hdri.cancel: Esc, for the mouse."""

from __future__ import annotations

from typing import ClassVar

import bpy

from . import conversion


class LDR_TO_HDRI_OT_cancel(bpy.types.Operator):
    """Stop the conversion; nothing is written"""

    bl_idname = "ldr_to_hdri.cancel"
    bl_label = "Cancel Conversion"
    bl_options: ClassVar[set[str]] = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return conversion.running() is not None

    def execute(self, _context: bpy.types.Context) -> set[str]:
        conversion.abort()
        return {"FINISHED"}
