"""Has Blender draw again what shows the queue: panels, sidebars, and the status bar."""

from __future__ import annotations

import bpy

_WHOLE = {"PROPERTIES", "PREFERENCES"}  # editors that show it in their main region
_SIDEBAR = {"VIEW_3D", "NODE_EDITOR", "IMAGE_EDITOR"}


def redraw() -> None:
    """Quick: only what shows the queue, so that no render in a viewport starts again."""
    if bpy.app.background:
        return
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in _WHOLE:
                area.tag_redraw()
            elif area.type in _SIDEBAR:
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()
    # No area of a screen, so not within reach; but it follows the name of the view layer
    bpy.msgbus.publish_rna(key=(bpy.types.ViewLayer, "name"))
