"""The operators bpy.ops.ldr_to_hdri.split_sun and merge_sun."""

from __future__ import annotations

from typing import ClassVar

import bpy

from ..hdr_core.errors import HdrError
from . import sun_split, task_queue
from .environment import environment_node
from .modal import RunsTask


class LDR_TO_HDRI_OT_split_sun(RunsTask, bpy.types.Operator):
    """Make the environment's sun a Sun light that turns with it, and take that light out of the environment"""

    bl_idname = "ldr_to_hdri.split_sun"
    bl_label = "Split Sun into a Lamp"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if task_queue.running_of(sun_split.SplitTask) is not None:
            cls.poll_message_set("A sun is being split")
            return False
        return _is_lit(cls, context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        self.in_window = not bpy.app.background
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self.run_task(context, lambda: sun_split.SplitTask(context.scene))


class LDR_TO_HDRI_OT_merge_sun(bpy.types.Operator):
    """Remove the Sun light, and show the environment with its sun again"""

    bl_idname = "ldr_to_hdri.merge_sun"
    bl_label = "Merge Sun into the Environment"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _is_lit(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            sun_split.merge(context.scene)
        except HdrError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def _is_lit(operator: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    if environment_node(context.scene.world) is None:
        operator.poll_message_set("No environment of LDR to HDRI lights the scene: convert a photo first")
        return False
    return True
