"""What waits for the worker, and what it does now: one thing at a time. It lives as long as the file is open."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import bpy

from ..hdr_core.errors import Cancelled, HdrError
from .display import redraw
from .task import State, Task
from .worker_session import cancel_work

Kind = TypeVar("Kind", bound=Task[Any])

_tasks: list[Task[Any]] = []


def tasks() -> tuple[Task[Any], ...]:
    """In the order of their turns; those that failed stay until they are dismissed."""
    return tuple(_tasks)


def pending() -> list[Task[Any]]:
    """Those that run or wait, in the order of their turns."""
    return [task for task in _tasks if not task.is_over]


def running() -> Task[Any] | None:
    """What the worker does now, if anything."""
    return next((task for task in _tasks if task.state == "RUNNING"), None)


def running_of(kind: type[Kind]) -> Kind | None:
    """As `running`, where that is a `kind`."""
    task = running()
    return task if isinstance(task, kind) else None


def add(task: Task[Any], *, first: bool = False) -> None:
    """Queue it, and start it where nothing runs. `first`: before all that waits. Raises HdrError where it cannot be done."""
    _prepare(task)
    place = next((at for at, other in enumerate(_tasks) if first and other.state == "WAITING"), len(_tasks))
    _tasks.insert(place, task)
    _start_next()
    if task.error is not None:  # it could not even be sent
        _tasks.remove(task)
        raise task.error
    redraw()


def run(task: Task[Any]) -> str:
    """Do it now, before all that waits, and return what `Task.apply` said. Blocks. Raises the HdrError of its failure."""
    _prepare(task)
    _tasks.insert(0, task)
    try:
        _send(task)
        return settle(task)
    finally:
        if task in _tasks:  # a script hears of a failure: it need not stay to be seen
            _tasks.remove(task)


def is_due(task: Task[Any]) -> bool:
    """Take in what the worker says, without blocking. True when `settle` would not block."""
    return task.job.poll() if task.state == "RUNNING" and task.job is not None else task.is_over


def settle(task: Task[Any]) -> str:
    """Wait for the worker, and put what it made into the .blend: see `Task.apply`. Raises the HdrError of its failure."""
    if task.error is not None:
        raise task.error
    try:
        with suppress(HdrError):  # it comes again
            task.wait()
        said = task.apply()
    except HdrError as error:
        _end(task, "CANCELLED" if isinstance(error, Cancelled) else "FAILED", error)
        raise
    except BaseException:
        _end(task, "CANCELLED", Cancelled())
        raise
    _end(task, "DONE")
    return said


def cancel(task: Task[Any]) -> None:
    """Stop it at once, and leave nothing of it behind; of one that failed, forget it. Safe to call at any time."""
    if task.state == "RUNNING":
        cancel_work()
    if not task.is_over:
        _end(task, "CANCELLED", Cancelled())
    elif task in _tasks:
        _tasks.remove(task)
        redraw()


def cancel_all() -> None:
    """As `cancel`, of all that runs, waits, or failed. Safe to call at any time."""
    for task in reversed(_tasks.copy()):  # the last first, so that none is started
        cancel(task)


def _prepare(task: Task[Any]) -> None:
    task.scratch = Path(tempfile.mkdtemp(prefix="ldr_to_hdri_", dir=bpy.app.tempdir or None))
    try:
        task.prepare()
    except BaseException:
        shutil.rmtree(task.scratch)
        raise


def _send(task: Task[Any]) -> None:
    try:
        task.job = task.send()
        task.state = "RUNNING"
    except HdrError as error:
        _end(task, "FAILED", error)


def _start_next() -> None:
    waiting = next((task for task in _tasks if task.state == "WAITING"), None)
    if waiting is not None and running() is None:
        _send(waiting)


def _end(task: Task[Any], state: State, error: HdrError | None = None) -> None:
    task.state, task.error = state, error
    shutil.rmtree(task.scratch, ignore_errors=True)  # Blender empties its temporary folder at exit anyway
    if state != "FAILED" and task in _tasks:
        _tasks.remove(task)
    _start_next()
    redraw()
