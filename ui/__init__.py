"""What Blender shows of the extension."""

from __future__ import annotations

import bpy

from .camera_panel import WORLD_PT_ldr_to_hdri_camera
from .facts_panel import WORLD_PT_ldr_to_hdri_facts
from .menus import draw_import
from .node_menus import draw_add
from .node_panel import NODE_PT_ldr_to_hdri, NODE_PT_ldr_to_hdri_controls
from .preferences import LdrToHdriPreferences
from .preview_panel import IMAGE_PT_ldr_to_hdri_preview
from .sun_panel import WORLD_PT_ldr_to_hdri_sun
from .world_panel import WORLD_PT_ldr_to_hdri

_CLASSES = (
    LdrToHdriPreferences,
    WORLD_PT_ldr_to_hdri,
    WORLD_PT_ldr_to_hdri_facts,
    WORLD_PT_ldr_to_hdri_sun,
    WORLD_PT_ldr_to_hdri_camera,
    NODE_PT_ldr_to_hdri,
    NODE_PT_ldr_to_hdri_controls,
    IMAGE_PT_ldr_to_hdri_preview,
)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.TOPBAR_MT_file_import.append(draw_import)
    bpy.types.NODE_MT_add.append(draw_add)


def unregister() -> None:
    bpy.types.NODE_MT_add.remove(draw_add)
    bpy.types.TOPBAR_MT_file_import.remove(draw_import)
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
