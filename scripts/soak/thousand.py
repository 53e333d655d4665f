"""1,000 conversions in one worker: memory, handles and threads of worker and parent do not grow."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import numpy as np
from common import FLAT, Fault, take_photo, worker

COUNT = 1000
WARM = 100  # conversions until caches and pools are what they stay
GROWTH = 32.0  # MiB that the last tenth may lie above the first after WARM
KINDS = ("jpg", "png", "tif", "webp")


def run(folder: Path, count: int = COUNT, warm: int = WARM) -> str:
    """Writes what was measured to thousand.csv beside `folder`."""
    photos = [take_photo(folder / f"{number}.{kind}", 16, 12, number) for number, kind in enumerate(KINDS)]
    client = worker()
    rows = []
    try:
        client.warm_up().wait()
        for number in range(1, count + 1):
            photo = photos[number % len(photos)]
            client.convert(photo, photo.with_suffix(".exr"), FLAT, overwrite=True).wait()
            if number % 10 == 0 or number == count:
                rows.append((number, *state(client.pid or 0), *state(os.getpid())))
    finally:
        client.close()
    table = folder.with_name("thousand.csv")
    with table.open("w", newline="") as file:
        named = [f"{who} {what}" for who in ("worker", "parent") for what in ("MiB", "handles", "threads")]
        csv.writer(file).writerows([("conversions", *named), *rows])
    shutil.rmtree(folder)
    return judge(np.array([row for row in rows if row[0] >= min(warm, count // 2)]), count)


def state(pid: int) -> tuple[float, int, int]:
    """Memory that is its own, in MiB; open handles; threads (Linux)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kilobytes = sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(("Private_", "Swap:")))
    return kilobytes / 1024, *(len(list(Path(f"/proc/{pid}/{what}").iterdir())) for what in ("fd", "task"))


def judge(rows: np.ndarray, count: int) -> str:
    part = max(len(rows) // 10, 1)
    first, last = rows[:part].mean(0), rows[-part:].mean(0)
    said = []
    for who, at in (("worker", 1), ("parent", 4)):
        said.append(f"{who} {first[at]:.0f} to {last[at]:.0f} MiB, {last[at + 1]:.0f} handles, {last[at + 2]:.0f} threads")
        if last[at] - first[at] > GROWTH or last[at + 1] > first[at + 1] or last[at + 2] > first[at + 2]:
            raise Fault(f"it grows: from {first[at : at + 3]} to {last[at : at + 3]}")
    return f"{count} conversions: {'; '.join(said)}"
