"""What the operators share whose work the worker does: they stay live in a window, and wait in a script."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import bpy

from ..hdr_core.errors import Cancelled, HdrError
from . import task_queue
from .display import redraw
from .task import Task

_TICK = 0.1  # seconds


class RunsTask:
    """Mixed into an operator, whose `execute` calls `run_task`; `in_window` says whether it was called by hand."""

    in_window = False
    _task: Task[Any] | None = None  # a name that exists at run time: Blender evaluates annotations
    _ticker: Any = None
    _seen: Any = None

    def run_task(self: Any, context: bpy.types.Context, make: Callable[[], Task[Any]], *, first: bool = False) -> set[str]:
        """Do what `make` gives, or queue it. `first`: before all that waits."""
        try:
            task = make()
            if not self.in_window:
                return self.finish(task_queue.run(task))
            task_queue.add(task, first=first)
        except HdrError as error:
            return self.give_up(error)
        self._task = task
        self._ticker = context.window_manager.event_timer_add(_TICK, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self: Any, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Blender calls it with every event. Esc stops what runs; what waits behind it goes on."""
        if event.type == "ESC" and event.value == "PRESS" and task_queue.running() is self._task:
            task_queue.cancel(self._task)
        elif event.type != "TIMER":
            return {"PASS_THROUGH"}
        if not task_queue.is_due(self._task):
            if self._seen != self._task.progress:
                self._seen = self._task.progress
                redraw()
            return {"PASS_THROUGH"}
        self._stop_ticking(context)
        try:
            return self.finish(task_queue.settle(self._task))
        except HdrError as error:
            return self.give_up(error)

    def cancel(self: Any, context: bpy.types.Context) -> None:
        """The window was closed, and others may go on; or another file takes this one's place, and the task is over."""
        self._stop_ticking(context)
        if self._task is not None and not self._task.is_over:
            bpy.app.timers.register(partial(go_on, self._task, self.bl_label), first_interval=_TICK)

    def give_up(self: Any, error: HdrError) -> set[str]:
        """Say why, and change nothing."""
        self.report({"WARNING" if isinstance(error, Cancelled) else "ERROR"}, str(error))
        return {"CANCELLED"}

    def finish(self: Any, said: str) -> set[str]:
        """Say what was done."""
        self.report({"INFO"}, said)
        return {"FINISHED"}

    def _stop_ticking(self, context: bpy.types.Context) -> None:
        if self._ticker is not None:
            context.window_manager.event_timer_remove(self._ticker)
            self._ticker = None


def go_on(task: Task[Any], name: str) -> float | None:
    """Bring `task` to its end without the window that began it: a timer of Blender's, which returns when to look again."""
    if not task_queue.is_due(task):
        return _TICK
    with suppress(HdrError):  # the queue shows it
        task_queue.settle(task)
        bpy.ops.ed.undo_push(message=name)
    return None
