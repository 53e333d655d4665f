"""Where a conversion's time goes: seconds in each stage, of one photo after the other and of a batch whose photos overlap.

    python -m benchmarks.stages [--batch 60] [--at-once 3] [--device auto]

A stage's time is what threads spend in it, waiting included; stages within others are indented. "GPU" is the time from a
photo's first work on the GPU to its last, by its own clock. The photos are those of `benchmarks.convert`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.convert import MIXED, null, photo
from hdr_core.convert import convert
from hdr_core.settings import ConvertSettings

_STAGES = (  # (what it is called, module, attribute)
    ("decode", "hdr_core.photo", "read_source"),
    ("choose", "hdr_core.projection.choose", "choose"),
    ("range before", "hdr_core.convert", "range_of"),
    ("network", "hdr_core.develop", "reconstruct"),
    ("  wait for the lock", "hdr_core.reconstruct", "_ONE_AT_A_TIME"),
    ("  upload", "hdr_core.codes", "Codes.__init__"),
    ("  look", "hdr_core.codes", "Codes.look"),
    ("  guidance", "hdr_core.network.inference", "Inference.guidance"),
    ("  room", "hdr_core.transfer", "Transfers.room"),
    ("  tiles", "hdr_core.reconstruct", "_restore"),
    ("    codes, debanded", "hdr_core.codes", "Codes.tile"),
    ("    bring", "hdr_core.transfer", "Transfers.bring"),
    ("  wait for the way back", "hdr_core.transfer", "Transfers.wait"),
    ("look at the result", "hdr_core.convert", "look_at"),
    ("write", "hdr_core.convert", "write_exr"),
    ("  peak", "hdr_core.exr", "_peak"),
    ("  half", "hdr_core.exr", "_file_pixels"),
    ("  encode", "hdr_core.exr", "_write"),
    ("  sync", "os", "fsync"),
)


class _Clock:
    """Sums of seconds by stage, of all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.sums: dict[str, float] = defaultdict(float)

    def add(self, stage: str, seconds: float) -> None:
        with self._lock:
            self.sums[stage] += seconds

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self.add(stage, time.perf_counter() - began)

        return call


class _TimedLock:
    def __init__(self, lock: Any, clock: _Clock, stage: str) -> None:
        self._lock, self._clock, self._stage = lock, clock, stage

    def __enter__(self) -> None:
        began = time.perf_counter()
        self._lock.acquire()
        self._clock.add(self._stage, time.perf_counter() - began)

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _watch(clock: _Clock) -> None:
    for stage, module, path in _STAGES:
        owner: Any = importlib.import_module(module)
        *outer, name = path.split(".")
        for part in outer:
            owner = getattr(owner, part)
        old = getattr(owner, name)
        setattr(owner, name, clock.timed(stage, old) if callable(old) else _TimedLock(old, clock, stage))
    _watch_gpu(clock)


def _watch_gpu(clock: _Clock) -> None:
    """The GPU's own clock, from the first thing that a photo asks of it to the last."""
    import torch

    from hdr_core import reconstruct

    if not torch.cuda.is_available():
        return
    inner = reconstruct._reconstruct

    def timed(*arguments: Any) -> Any:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        coming = inner(*arguments)
        end.record()
        wait = coming.transfers.wait

        def waited() -> None:
            wait()
            end.synchronize()
            clock.add("GPU", start.elapsed_time(end) / 1000)

        coming.transfers.wait = waited
        return coming

    reconstruct._reconstruct = timed  # type: ignore[assignment]


def _run(photos: list[Path], call: Callable[[Path], object], at_once: int, clock: _Clock) -> dict[str, float]:
    clock.sums.clear()
    began, processor = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(call, photos))
    took = time.perf_counter() - began
    return {"all": took, "processors busy": (time.process_time() - processor) / took, **clock.sums}


def _print(columns: dict[str, tuple[dict[str, float], int]]) -> None:
    """Milliseconds a photo."""
    names = [*columns]
    print("| | " + " | ".join(names) + " |\n| --- |" + " --- |" * len(names))
    for stage in ("all", "processors busy", *(stage for stage, _, _ in _STAGES), "GPU"):
        cells = []
        for sums, photos in columns.values():
            value = sums.get(stage)
            shown = "" if value is None else f"{value:.1f}" if stage == "processors busy" else f"{1000 * value / photos:.1f}"
            cells.append(shown)
        print(f"| {stage.replace('  ', '. ')} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=60)
    parser.add_argument("--at-once", type=int, nargs="+", default=[3])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--largest", type=int, default=18_000_000, help="pixels; leave out larger photos of the mix")
    options = parser.parse_args()
    clock = _Clock()
    _watch(clock)
    with tempfile.TemporaryDirectory() as folder:
        root, numbers = Path(folder), count()
        sizes = [size for size in MIXED if size[0] * size[1] <= options.largest]
        made = [photo(root / f"{i}.jpg", *size) for i, size in enumerate(sizes)]
        output = lambda: root / f"{next(numbers) % 20}.exr"  # noqa: E731
        calls = {
            "null": lambda source: null(source, output()),
            "ours": lambda source: convert(source, output(), ConvertSettings(device=options.device)),
        }
        columns: dict[str, tuple[dict[str, float], int]] = {}
        for source in made:
            calls["ours"](source)
        for size, source in zip(sizes, made, strict=True):
            for name, call in calls.items():
                columns[f"{name} {size[1]} x {size[0]}"] = _run([source] * 3, call, 1, clock), 3
        _print(columns)
        batch = [made[i % len(made)] for i in range(options.batch)]
        columns = {}
        for at_once in options.at_once:
            for name, call in calls.items():
                columns[f"{name}, batch, {at_once} at once"] = _run(batch, call, at_once, clock), len(batch)
        print(f"\n{len(batch)} photos, milliseconds a photo; {os.cpu_count()} processors\n")
        _print(columns)


if __name__ == "__main__":
    main()
