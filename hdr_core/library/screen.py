"""What a batch says: to people on a terminal, to nobody, or to programs."""

from __future__ import annotations

import io
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from ..summary import in_a_line
from .batch import Batch, Event
from .gpu import in_words as gpus_in_words
from .pace import in_words
from .plan import Item
from .snapshot import Snapshot
from .work import Failed, Finished
from .workers import WorkerNews

_TICK = 1.0  # seconds between two lines of progress for programs
_REDRAW = 0.1


def make_screen(*, quiet: bool, json_lines: bool) -> Screen | JsonLines:
    """The screen that was asked for. From now on no name is too odd to be printed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return JsonLines() if json_lines else Screen(quiet=quiet)


class Screen:
    """Lines for people: each result on standard output, failures at the end on standard error; progress on a terminal only."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._failures: list[str] = []
        self._shown = ""
        self._drawn = 0.0

    def begin(self, batch: Batch) -> None:
        if not self._quiet:
            for source, why in batch.plan.left_out:
                print(f"{source}: left out, {why}.")

    def tell(self, event: Event) -> None:
        if isinstance(event, WorkerNews):
            if event.what != "joined":
                self.clear()
                print(f"ldr-to-hdri: worker {event.worker}: {event.what}. {event.why}", file=sys.stderr)
        elif isinstance(event, Failed):
            self._failures.append(f"{event.source}: {event.error}")
        elif not self._quiet:
            self.clear()
            print(_summary(event), flush=True)

    def progress(self, now: Snapshot) -> None:
        if self._quiet or not sys.stderr.isatty() or time.monotonic() - self._drawn < _REDRAW:
            return
        self._drawn = time.monotonic()
        parts = [f"{now.done + now.skipped + now.failed}/{now.photos} {now.fraction:.0%}"]
        if now.per_minute:
            parts.append(f"{now.per_minute:.3g} a minute")
        if now.seconds_left is not None:
            parts.append(f"{in_words(now.seconds_left)} left")
        parts += [f"{now.workers} workers"] if now.workers > 1 else []
        parts += [use] if (use := gpus_in_words(now.gpus)) else []
        parts += [f"{PurePosixPath(photo.key).name}: {photo.stage} {photo.fraction:.0%}" for photo in now.under_way]
        parts += ["waiting for workers"] if not now.workers and now.done + now.skipped + now.failed < now.photos else []
        self._draw("  |  ".join(parts))

    def planned(self, item: Item, reason: str | None) -> None:
        if not self._quiet:
            files = ", ".join(output.path for output in item.outputs)
            print(f"{item.source}: {reason or 'done, unchanged'}" + (f" -> {files}" if reason and item.clash is None else ""))

    def left_out(self, source: str, why: str) -> None:
        if not self._quiet:
            print(f"{source}: left out, {why}.")

    def assets(self, files: list[Path]) -> None:
        if not self._quiet:
            self.clear()
            print("\n".join(map(str, files)))

    def end(self, batch: Batch, reason: str) -> int:
        """Say how it went; returns the exit code."""
        self.clear()
        now = batch.snapshot()
        for failure in self._failures:
            print(f"ldr-to-hdri: {failure}", file=sys.stderr)
        if now.failed and reason == "finished":
            print(
                f"ldr-to-hdri: {now.failed} of {now.photos} photos could not be converted. "
                f"The others are in {batch.places.target}.",
                file=sys.stderr,
            )
        if not self._quiet:
            skipped = f", {now.skipped} were done before" if now.skipped else ""
            print(
                f"{now.done} converted{skipped}, {now.failed} failed. Report: {batch.places.records / 'report.html'}",
                flush=True,
            )
        return 1 if now.failed else 0

    def clear(self) -> None:
        if self._shown:
            self._draw("")

    def _draw(self, line: str) -> None:
        import shutil

        line = line[: shutil.get_terminal_size().columns - 1]
        if line != self._shown:
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
            self._shown = line


class JsonLines:
    """A JSON object on each line of standard output: events "plan", "worker", "done", "failed", "progress", "end"."""

    def __init__(self) -> None:
        self._last = 0.0

    def begin(self, batch: Batch) -> None:
        self._say("plan", photos=len(batch.plan.items), left_out=[list(pair) for pair in batch.plan.left_out])

    def tell(self, event: Event) -> None:
        if isinstance(event, WorkerNews):
            self._say("worker", **asdict(event))
        elif isinstance(event, Finished):
            self._say("done", source=event.source, **event.product.plain())
        else:
            error = event.error
            kind = type(error).__name__
            self._say("failed", source=event.source, error=kind, problem=error.problem, next_step=error.next_step)

    def progress(self, now: Snapshot) -> None:
        if time.monotonic() - self._last >= _TICK:
            self._last = time.monotonic()
            self._say("progress", **asdict(now), fraction=round(now.fraction, 4))

    def planned(self, item: Item, reason: str | None) -> None:
        files = [output.path for output in item.outputs]
        self._say("planned", source=item.source, reason=reason, convert=bool(reason) and item.clash is None, files=files)

    def left_out(self, source: str, why: str) -> None:
        self._say("left_out", source=source, why=why)

    def assets(self, files: list[Path]) -> None:
        self._say("assets", files=list(map(str, files)))

    def end(self, batch: Batch, reason: str) -> int:
        now = batch.snapshot()
        counts = {"photos": now.photos, "done": now.done, "skipped": now.skipped, "failed": now.failed}
        self._say("end", reason=reason, **counts, report=str(batch.places.records / "report.json"))
        return 1 if now.failed else 0

    def clear(self) -> None:
        """Nothing to clear."""

    def _say(self, event: str, **fields: Any) -> None:
        print(json.dumps({"event": event, **fields}), flush=True)


def _summary(event: Finished) -> str:
    more = len(event.product.files) - 1
    return in_a_line(event.product.conversion, f" and {more} more" if more else "")
