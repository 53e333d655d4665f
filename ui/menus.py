"""The entry in File > Import."""

from __future__ import annotations

import bpy

from ..operators.convert import LDR_TO_HDRI_OT_convert


def draw_import(self: bpy.types.Menu, _context: bpy.types.Context) -> None:
    self.layout.operator(LDR_TO_HDRI_OT_convert.bl_idname, text="LDR Photo as HDRI World (.jpg, .heic, .png, .tif, ...)")
