"""The sub-panel that matches the scene's camera to the photo, or turns the photo to the camera."""

from __future__ import annotations

from typing import Any, ClassVar

import bpy

from ..operators import facts
from ..operators.camera_match import LDR_TO_HDRI_OT_match_camera
from ..operators.environment import environment_node
from ..operators.face import LDR_TO_HDRI_OT_face
from .places import InView, InWorld, shown_world


class _Camera:
    bl_label = "Camera Match"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return environment_node(shown_world(context)) is not None

    def draw(self: Any, context: bpy.types.Context) -> None:
        done = facts.read(environment_node(shown_world(context)).node_tree)
        if done is not None and done.view.kind == "perspective":
            column = self.layout.column(align=True)
            kind = LDR_TO_HDRI_OT_match_camera
            column.operator(kind.bl_idname, icon="CAMERA_DATA").shadow_catcher = False
            column.operator(kind.bl_idname, text="Match, with Shadow Catcher", icon="SHADING_RENDERED").shadow_catcher = True
        row = self.layout.row(align=True)
        turn = LDR_TO_HDRI_OT_face.bl_idname
        row.operator(turn, icon="ORIENTATION_VIEW").towards = "VIEW"
        row.operator(turn, text="To Camera's Side").towards = "CAMERA"


class WORLD_PT_ldr_to_hdri_camera(InWorld, _Camera, bpy.types.Panel):
    bl_parent_id = "WORLD_PT_ldr_to_hdri"


class VIEW3D_PT_ldr_to_hdri_camera(InView, _Camera, bpy.types.Panel):
    bl_parent_id = "VIEW3D_PT_ldr_to_hdri"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}


PANELS = (WORLD_PT_ldr_to_hdri_camera, VIEW3D_PT_ldr_to_hdri_camera)
