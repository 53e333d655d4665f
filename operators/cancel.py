"""The operators bpy.ops.ldr_to_hdri.cancel and cancel_all: Esc, for the mouse."""

from __future__ import annotations

from typing import ClassVar

import bpy
from bpy.props import IntProperty

from . import task_queue


class LDR_TO_HDRI_OT_cancel(bpy.types.Operator):
    """Stop it, or take it off the list; nothing is written"""

    bl_idname = "ldr_to_hdri.cancel"
    bl_label = "Cancel Conversion"
    bl_options: ClassVar[set[str]] = {"INTERNAL"}

    place: IntProperty(
        name="Place", description="In the queue: 0 is the one that runs", min=0, default=0, options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return bool(task_queue.tasks())

    def execute(self, _context: bpy.types.Context) -> set[str]:
        tasks = task_queue.tasks()
        if self.place >= len(tasks):
            return {"CANCELLED"}
        task_queue.cancel(tasks[self.place])
        return {"FINISHED"}


class LDR_TO_HDRI_OT_cancel_all(bpy.types.Operator):
    """Stop all conversions, those that wait too; of those that are not finished nothing is written"""

    bl_idname = "ldr_to_hdri.cancel_all"
    bl_label = "Cancel All Conversions"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return bool(task_queue.tasks())

    def execute(self, _context: bpy.types.Context) -> set[str]:
        task_queue.cancel_all()
        return {"FINISHED"}
