"""One library under way in this Blender. At most one runs at a time."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..hdr_core.library import Batch, LibrarySettings
from ..hdr_core.library.gpu import in_words as gpus_in_words
from ..hdr_core.library.pace import in_words
from .errors import SceneError
from .worker_session import new_worker

_running: Batch | None = None


def running() -> Batch | None:
    """The library under way, if any."""
    return _running


def start(source: Path, target: Path, settings: LibrarySettings, *, force: bool, overwrite: bool) -> Batch:
    """Plan the library and return at once. Raises HdrError: then nothing has been started."""
    global _running  # noqa: PLW0603
    if _running is not None:
        raise SceneError("A library is being converted already.", "Wait for its end, or cancel it.")
    new_worker({})  # raises where there is no Python for it
    _running = Batch(source, target, settings, make_worker=new_worker, force=force, overwrite=overwrite)
    return _running


def end() -> None:
    """Stop the library under way, if any; what is done stays done. Safe to call at any time."""
    global _running
    ended, _running = _running, None
    if ended is not None:
        ended.close()


class Display:
    """Progress in Blender's window: it ticks the operator by a timer, and writes into the status bar."""

    def __init__(self, context: bpy.types.Context) -> None:
        self._timer = context.window_manager.event_timer_add(0.1, window=context.window)
        context.window_manager.progress_begin(0.0, 1.0)

    def show(self, batch: Batch) -> None:
        now = batch.snapshot()
        name = now.under_way[0].key if now.under_way else "starting"
        ended = now.done + now.skipped + now.failed
        bpy.context.window_manager.progress_update(now.fraction)
        parts = [f"LDR to HDRI: {ended} of {now.photos} photos", name, f"{now.fraction:.0%}"]
        parts += [f"{in_words(now.seconds_left)} left"] if now.seconds_left is not None else []
        parts += [use] if (use := gpus_in_words(now.gpus)) else []
        bpy.context.workspace.status_text_set(f"{', '.join(parts)}   (Esc stops)")

    def end(self) -> None:
        manager = bpy.context.window_manager
        manager.event_timer_remove(self._timer)
        manager.progress_end()
        for workspace in bpy.data.workspaces:  # the user may have changed to another one meanwhile
            workspace.status_text_set(None)
