"""The sub-panel that matches the scene's camera to the photo."""

from __future__ import annotations

import bpy

from ..operators import facts
from ..operators.camera_match import LDR_TO_HDRI_OT_match_camera
from ..operators.environment import environment_node
from ..operators.face import LDR_TO_HDRI_OT_face


class WORLD_PT_ldr_to_hdri_camera(bpy.types.Panel):
    bl_label = "Camera Match"
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "world"
    bl_parent_id = "WORLD_PT_ldr_to_hdri"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        node = environment_node(context.world)
        done = facts.read(node.node_tree) if node is not None else None
        return done is not None and done.view.kind == "perspective"

    def draw(self, _context: bpy.types.Context) -> None:
        column = self.layout.column(align=True)
        kind = LDR_TO_HDRI_OT_match_camera
        column.operator(kind.bl_idname, icon="CAMERA_DATA").shadow_catcher = False
        column.operator(kind.bl_idname, text="Match, with Shadow Catcher", icon="SHADING_RENDERED").shadow_catcher = True
        row = self.layout.row(align=True)
        turn = LDR_TO_HDRI_OT_face.bl_idname
        row.operator(turn, icon="ORIENTATION_VIEW").towards = "VIEW"
        row.operator(turn, text="To Camera's Side").towards = "CAMERA"
