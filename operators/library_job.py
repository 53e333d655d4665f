"""One library under way in this Blender. At most one runs at a time."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..hdr_core.client import WorkerClient
from ..hdr_core.errors import HdrError
from ..hdr_core.library import Batch, LibrarySettings
from ..hdr_core.library.gpu import in_words as gpus_in_words
from ..hdr_core.library.pace import in_words
from ..hdr_core.library.pool import first_share
from .errors import SceneError
from .worker_session import chosen_worker, new_worker


@dataclass(frozen=True)
class _Warm:
    """A worker that waits for a library. made_for: as `chosen_worker`."""

    client: WorkerClient
    variables: Mapping[str, str]
    made_for: tuple[Path, int]


_running: Batch | None = None
_warm: _Warm | None = None


def running() -> Batch | None:
    """The library under way, if any."""
    return _running


def start(source: Path, target: Path, settings: LibrarySettings, *, force: bool, overwrite: bool) -> Batch:
    """Plan the library and return at once. Raises HdrError: then nothing has been started."""
    global _running  # noqa: PLW0603
    if _running is not None:
        raise SceneError("A library is being converted already.", "Wait for its end, or cancel it.")
    new_worker({})  # raises where there is no Python for it
    _running = Batch(source, target, settings, make_worker=_worker, force=force, overwrite=overwrite)
    return _running


def end() -> None:
    """Stop the library under way, if any; what is done stays done. Safe to call at any time."""
    global _running
    ended, _running = _running, None
    if ended is not None:
        ended.close()
    cool_down()


def warm_up() -> None:
    """Let a worker load what a library needs, while its dialog is open: the next library takes it.

    What may be wrong with it is said when it is used.
    """
    global _warm  # noqa: PLW0603
    if _running is not None or (_warm is not None and _warm.client.running):
        return
    with suppress(HdrError):
        variables = first_share()
        client = new_worker(variables)
        client.warm_up()
        _warm = _Warm(client, variables, chosen_worker())


def cool_down() -> None:
    """End the worker that waits for a library, if any: no library comes. Safe to call at any time."""
    global _warm
    ended, _warm = _warm, None
    if ended is not None:
        ended.client.close()


def _worker(variables: Mapping[str, str]) -> WorkerClient:
    """The one that waits, where it is as asked for; else a new one."""
    global _warm  # noqa: PLW0603
    warm = _warm
    if warm is not None and (warm.variables, warm.made_for) == (variables, chosen_worker()):
        _warm = None
        return warm.client
    cool_down()
    return new_worker(variables)


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
