"""The operator bpy.ops.ldr_to_hdri.test_runtime, and what is known of the Python that runs the network."""

from __future__ import annotations

from typing import ClassVar

import bpy

from ..hdr_core.client import Job
from ..hdr_core.errors import Cancelled, HdrError
from ..hdr_core.inspection import Runtime
from . import chosen, reports, task_queue
from .modal import RunsTask
from .task import Task
from .worker_session import worker

_known: Runtime | HdrError | None = None


def known() -> Runtime | HdrError | None:
    """What the last test found, or why it failed; None before the first, and after the preferences changed."""
    return _known


def forget() -> None:
    """What is known no longer holds: another Python or device was chosen."""
    global _known  # noqa: PLW0603
    _known = None
    _dismiss_failed()


def _dismiss_failed() -> None:
    """Tests that failed before say nothing any more."""
    for task in task_queue.tasks():
        if isinstance(task, TestTask) and task.state == "FAILED":
            task_queue.cancel(task)


class TestTask(Task[Runtime]):
    """Looks at the worker's Python, and runs the network on the chosen device."""

    title = "Test"

    def prepare(self) -> None:
        global _known  # noqa: PLW0603
        _dismiss_failed()
        try:
            worker()
        except HdrError as error:
            _known = error
            raise

    def send(self) -> Job[Runtime]:
        return worker().inspect(chosen.device())

    def apply(self) -> str:
        global _known  # noqa: PLW0603
        try:
            found = self.wait()
        except HdrError as error:
            _known = None if isinstance(error, Cancelled) else error
            raise
        _known = found
        return reports.runtime(found.device, found.packages["torch"])


class LDR_TO_HDRI_OT_test_runtime(RunsTask, bpy.types.Operator):
    """Look for torch and the other packages, and run the network once on the chosen device"""

    bl_idname = "ldr_to_hdri.test_runtime"
    bl_label = "Test"
    bl_options: ClassVar[set[str]] = {"REGISTER"}

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        self.in_window = not bpy.app.background
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self.run_task(context, TestTask, first=True)
