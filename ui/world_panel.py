"""The panel in World properties."""

from __future__ import annotations

import bpy

from ..operators import conversion
from ..operators.cancel import LDR_TO_HDRI_OT_cancel
from ..operators.convert import LDR_TO_HDRI_OT_convert
from ..operators.world import light_of_world


class WORLD_PT_ldr_to_hdri(bpy.types.Panel):
    bl_label = "LDR to HDRI"
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "world"

    def draw(self, context: bpy.types.Context) -> None:
        running = conversion.running()
        if running is None:
            self.layout.operator(LDR_TO_HDRI_OT_convert.bl_idname, text="Convert Photo…", icon="WORLD")
            restored = light_of_world(context.world)
            if restored is not None:
                self.layout.label(text=restored.in_words(), icon="LIGHT_SUN")
            return
        self.layout.progress(factor=running.job.fraction, text=running.job.stage or "starting")
        self.layout.operator(LDR_TO_HDRI_OT_cancel.bl_idname, text="Cancel", icon="CANCEL")
