"""What runs, what waits, and what failed: in every panel of ours, and in the status bar."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..operators import task_queue
from ..operators.cancel import LDR_TO_HDRI_OT_cancel, LDR_TO_HDRI_OT_cancel_all
from ..operators.task import Task
from .wrapped import draw_wrapped

_ROWS = 6  # more are counted


def draw_queue(layout: Any) -> None:
    """Nothing where there is nothing to show."""
    tasks = task_queue.tasks()
    if not tasks:
        return
    box = layout.box().column(align=True)
    for place, task in enumerate(tasks[:_ROWS]):
        _draw_row(box.row(align=True), place, task)
        if task.error is not None:
            draw_wrapped(box, str(task.error), icon="BLANK1", indent=12)
            box.operator(LDR_TO_HDRI_OT_cancel.bl_idname, text="Dismiss", icon="X").place = place
    if len(tasks) > _ROWS:
        box.label(text=iface_("And {} more").format(len(tasks) - _ROWS), icon="BLANK1")
    if len(tasks) > 1:
        box.operator(LDR_TO_HDRI_OT_cancel_all.bl_idname, text="Cancel All", icon="CANCEL")


def draw_status(self: bpy.types.Header, _context: bpy.types.Context) -> None:
    """In the status bar, beside Blender's own jobs."""
    running = task_queue.running()
    if running is None:
        return
    row = self.layout.row(align=True)
    waiting = len(task_queue.pending()) - 1
    fraction, stage = running.progress
    bar = row.row()
    bar.scale_x = 1.8
    bar.progress(factor=fraction, text=f"{running.title}: {iface_(stage or 'Starting')}")
    row.operator(LDR_TO_HDRI_OT_cancel.bl_idname, text="", icon="CANCEL").place = task_queue.tasks().index(running)
    if waiting:
        row.label(text=iface_("{} waiting").format(waiting))
    row.label(text="Esc cancels")


def _draw_row(row: Any, place: int, task: Task[Any]) -> None:
    """Of what is over, `draw_queue` says why, and has a button below that."""
    if task.state == "RUNNING":
        fraction, stage = task.progress
        row.progress(factor=fraction, text=f"{task.title}: {iface_(stage or 'Starting')}")
    else:
        state = iface_("failed") if task.is_over else iface_("waiting")
        row.label(text=f"{task.title}: {state}", icon="ERROR" if task.is_over else "TIME", translate=False)
    if not task.is_over:
        row.operator(LDR_TO_HDRI_OT_cancel.bl_idname, text="", icon="X").place = place
