"""The sub-panel that makes the sun a lamp, and back."""

from __future__ import annotations

import bpy

from ..operators.environment import environment_node
from ..operators.sun import LDR_TO_HDRI_OT_merge_sun, LDR_TO_HDRI_OT_split_sun
from ..operators.sun_split import is_split


class WORLD_PT_ldr_to_hdri_sun(bpy.types.Panel):
    bl_label = "Sun"
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "world"
    bl_parent_id = "WORLD_PT_ldr_to_hdri"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return environment_node(context.world) is not None

    def draw(self, context: bpy.types.Context) -> None:
        kind = LDR_TO_HDRI_OT_merge_sun if is_split(context.world) else LDR_TO_HDRI_OT_split_sun
        self.layout.operator(kind.bl_idname, icon="LIGHT_SUN")
