"""What Blender shows of the extension."""

from __future__ import annotations

import bpy

from .menus import draw_import
from .preferences import LdrToHdriPreferences
from .world_panel import WORLD_PT_ldr_to_hdri

_CLASSES = (LdrToHdriPreferences, WORLD_PT_ldr_to_hdri)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.TOPBAR_MT_file_import.append(draw_import)


def unregister() -> None:
    bpy.types.TOPBAR_MT_file_import.remove(draw_import)
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
