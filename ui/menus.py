"""Entries in Blender's own menus: File > Import, Add of the viewport and of the node editors, and the image editor's Image."""

from __future__ import annotations

from typing import Any

import bpy

from ..operators.add_nodes import LDR_TO_HDRI_OT_add_compositor_node, LDR_TO_HDRI_OT_add_world_node
from ..operators.camera_match import LDR_TO_HDRI_OT_match_camera
from ..operators.cancel import LDR_TO_HDRI_OT_cancel_all
from ..operators.convert import LDR_TO_HDRI_OT_convert
from ..operators.face import LDR_TO_HDRI_OT_face
from ..operators.library import LDR_TO_HDRI_OT_convert_library
from ..operators.node_state import GROUP_NAME
from ..operators.preview import LDR_TO_HDRI_OT_preview
from ..operators.reconvert import LDR_TO_HDRI_OT_reconvert
from ..operators.runtime import LDR_TO_HDRI_OT_test_runtime
from ..operators.sun import LDR_TO_HDRI_OT_merge_sun, LDR_TO_HDRI_OT_split_sun
from ..operators.use_as_world import LDR_TO_HDRI_OT_use_as_world
from .icon import icon
from .queue_list import draw_status


class VIEW3D_MT_ldr_to_hdri(bpy.types.Menu):
    """All that is done to the scene's environment; so Blender's search finds it, too"""

    bl_label = "LDR to HDRI"

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator(LDR_TO_HDRI_OT_convert.bl_idname, icon_value=icon())
        layout.operator(LDR_TO_HDRI_OT_preview.bl_idname, icon="HIDE_OFF")
        layout.operator(LDR_TO_HDRI_OT_convert_library.bl_idname, icon="FILE_FOLDER")
        layout.separator()
        layout.operator(LDR_TO_HDRI_OT_reconvert.bl_idname, icon="FILE_REFRESH")
        layout.operator(LDR_TO_HDRI_OT_cancel_all.bl_idname, icon="CANCEL")
        layout.separator()
        layout.operator(LDR_TO_HDRI_OT_split_sun.bl_idname, icon="LIGHT_SUN")
        layout.operator(LDR_TO_HDRI_OT_merge_sun.bl_idname, icon="WORLD")
        layout.operator(LDR_TO_HDRI_OT_match_camera.bl_idname, icon="CAMERA_DATA")
        layout.operator(LDR_TO_HDRI_OT_face.bl_idname, icon="ORIENTATION_VIEW").towards = "VIEW"
        layout.separator()
        layout.operator(LDR_TO_HDRI_OT_add_world_node.bl_idname, icon="NODE")
        layout.operator(LDR_TO_HDRI_OT_add_compositor_node.bl_idname, icon="NODE_COMPOSITING")
        layout.separator()
        layout.operator(LDR_TO_HDRI_OT_test_runtime.bl_idname, text="Test the Network", icon="SYSTEM")


def _draw_import(self: Any, _context: bpy.types.Context) -> None:
    convert = LDR_TO_HDRI_OT_convert.bl_idname
    self.layout.operator(convert, text="LDR Photo as HDRI World (.jpg, .heic, .png, .tif)", icon_value=icon())
    self.layout.operator(LDR_TO_HDRI_OT_convert_library.bl_idname, text="Folder of LDR Photos to HDRIs", icon="FILE_FOLDER")


def _draw_add(self: Any, _context: bpy.types.Context) -> None:
    self.layout.menu(VIEW3D_MT_ldr_to_hdri.__name__, icon_value=icon())


def _draw_add_node(self: Any, context: bpy.types.Context) -> None:
    space = context.space_data
    if space.tree_type == "CompositorNodeTree":
        operator = LDR_TO_HDRI_OT_add_compositor_node
    elif space.tree_type == "ShaderNodeTree" and space.shader_type == "WORLD":
        operator = LDR_TO_HDRI_OT_add_world_node
    else:
        return
    self.layout.separator()
    self.layout.operator(operator.bl_idname, text=GROUP_NAME, icon_value=icon())


def _draw_image(self: Any, context: bpy.types.Context) -> None:
    image = context.space_data.image
    layout = self.layout
    layout.separator()
    column = layout.column()
    column.enabled = image is not None
    convert = column.operator(LDR_TO_HDRI_OT_convert.bl_idname, text="Convert to HDRI", icon_value=icon())
    convert.world = "NONE"
    world = column.operator(LDR_TO_HDRI_OT_use_as_world.bl_idname, text="Use as World", icon="WORLD")
    preview = column.operator(LDR_TO_HDRI_OT_preview.bl_idname, text="Preview as HDRI", icon="HIDE_OFF")
    for operator in (convert, world, preview):
        operator.image = image.name if image is not None else ""


_MENUS = (
    ("TOPBAR_MT_file_import", _draw_import),
    ("VIEW3D_MT_add", _draw_add),
    ("NODE_MT_add", _draw_add_node),
    ("IMAGE_MT_image", _draw_image),
    ("STATUSBAR_HT_header", draw_status),
)


def register() -> None:
    bpy.utils.register_class(VIEW3D_MT_ldr_to_hdri)
    for name, draw in _MENUS:
        getattr(bpy.types, name).append(draw)


def unregister() -> None:
    for name, draw in _MENUS:
        getattr(bpy.types, name).remove(draw)
    bpy.utils.unregister_class(VIEW3D_MT_ldr_to_hdri)
