"""What Blender shows of the extension."""

from __future__ import annotations

import bpy

from . import camera_panel, control_presets, icon, menus, shortcuts, translations
from .environment_panels import PANELS
from .file_handlers import NODE_FH_ldr_to_hdri, VIEW3D_FH_ldr_to_hdri
from .node_panel import NODE_PT_ldr_to_hdri, NODE_PT_ldr_to_hdri_controls
from .preferences import LdrToHdriPreferences
from .preview_panel import IMAGE_PT_ldr_to_hdri_preview

_CLASSES = (
    LdrToHdriPreferences,
    *PANELS,
    *camera_panel.PANELS,
    NODE_PT_ldr_to_hdri,
    NODE_PT_ldr_to_hdri_controls,
    IMAGE_PT_ldr_to_hdri_preview,
    VIEW3D_FH_ldr_to_hdri,
    NODE_FH_ldr_to_hdri,
)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    translations.register()
    control_presets.register()
    menus.register()
    shortcuts.register()


def unregister() -> None:
    shortcuts.unregister()
    menus.unregister()
    icon.unregister()
    control_presets.unregister()
    translations.unregister()
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
