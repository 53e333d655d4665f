"""Where the panels are: mixed into each of them."""

from __future__ import annotations

import bpy

from ..operators.preview_window import CATEGORY


class InWorld:
    """Properties > World."""

    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "world"


class InView:
    """The sidebar of the 3D viewport."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = CATEGORY


class InNodes:
    """The sidebar of the node editor."""

    bl_space_type = "NODE_EDITOR"
    bl_region_type = "UI"
    bl_category = CATEGORY


class InImages:
    """The sidebar of the image editor."""

    bl_space_type = "IMAGE_EDITOR"
    bl_region_type = "UI"
    bl_category = CATEGORY


def shown_world(context: bpy.types.Context) -> bpy.types.World | None:
    """The world that a panel is about: of Properties the one it shows, which may be pinned, else the scene's."""
    if context.space_data is not None and context.space_data.type == "PROPERTIES":
        return context.world
    return context.scene.world
