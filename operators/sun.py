"""The operators bpy.ops.ldr_to_hdri.split_sun and merge_sun."""

from __future__ import annotations

from typing import ClassVar

import bpy

from ..hdr_core.errors import HdrError
from . import conversion, sun_split


class LDR_TO_HDRI_OT_split_sun(bpy.types.Operator):
    """Make the environment's sun a Sun light that turns with it, and take that light out of the environment"""

    bl_idname = "ldr_to_hdri.split_sun"
    bl_label = "Split Sun into a Lamp"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return conversion.running() is None

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            sun = sun_split.split(context.scene)
        except HdrError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{sun.in_words()} It is a lamp now.")
        return {"FINISHED"}


class LDR_TO_HDRI_OT_merge_sun(bpy.types.Operator):
    """Remove the Sun light, and show the environment with its sun again"""

    bl_idname = "ldr_to_hdri.merge_sun"
    bl_label = "Merge Sun into the Environment"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return conversion.running() is None

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            sun_split.merge(context.scene)
        except HdrError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}
