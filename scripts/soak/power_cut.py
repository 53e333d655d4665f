"""The power goes at every point of writing an EXR: the writer is killed there, and what a disk may have lost is played through.

A disk that loses power keeps what was synced; of the rest it keeps any part, in any order. Names are changed (renamed) in the
order in which they were, or not at all. From the recorded order of writes, syncs and renames follows all that it can hold then.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from unittest import mock

import numpy as np
from common import Fault, expect_only

from hdr_core import atomic
from hdr_core.exr import write_exr

PAGE = 512  # bytes that a disk writes at once
TRIALS = 8  # selections of what was lost, at each point
OLD, NEW = np.full((48, 96, 3), 0.25, np.float32), np.random.default_rng(1).random((48, 96, 3), dtype=np.float32)
Heard = Callable[[str, int, bytes], None]


class Told:
    """A file that says what is done to it."""

    def __init__(self, file: BinaryIO, hear: Heard) -> None:
        self._file, self._hear = file, hear

    def write(self, data: bytes) -> int:
        self._hear("write", self._file.tell(), bytes(data))
        return self._file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@contextmanager
def heard(hear: Heard) -> Iterator[None]:
    """`hear` is told of each write, sync and rename before it is done: what, where, and the data."""
    opened, replaced, synced = Path.open, Path.replace, os.fsync

    def open_(path: Path, mode: str = "r", *more: Any) -> Any:
        file = opened(path, mode, *([0] if mode == "xb" else more))  # without a buffer: each write is one
        return Told(file, hear) if mode == "xb" else file

    def replace(path: Path, target: Path) -> Path:
        hear("rename", 0, b"")
        return replaced(path, target)

    def fsync(descriptor: int) -> None:
        hear("sync of the folder" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "sync", 0, b"")
        synced(descriptor)

    with (
        mock.patch.object(Path, "open", open_),
        mock.patch.object(Path, "replace", replace),
        mock.patch.object(atomic.os, "fsync", fsync),
    ):
        yield


def run(folder: Path, trials: int = TRIALS, points: int = 0) -> str:
    """points: how many moments of killing are tried, evenly; 0: every one."""
    target = folder / "photo.exr"
    write_exr(target, NEW, header={})
    new = target.read_bytes()
    write_exr(target, OLD, header={}, overwrite=True)
    old = target.read_bytes()
    done: list[tuple[str, int, bytes]] = []
    with heard(lambda *what: done.append(what)):
        write_exr(target, NEW, header={}, overwrite=True)
    order = [what for what, _, _ in done if what != "write"]
    if target.read_bytes() != new or order != ["sync", "rename", "sync of the folder"]:
        raise Fault(f"written in another order: {order}")
    step = max(1, len(done) // points) if points else 1
    moments = [*range(0, len(done) - 2, step), *range(len(done) - 2, len(done) + 1)]
    for name, data in (("old", old), ("new", new)):
        (folder / name).write_bytes(data)
    command = [sys.executable, __file__, str(folder), *map(str, moments)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode:
        raise Fault(ended.stderr[-500:])
    states = played(done, old, new, trials)
    return (
        f"killed at {len(moments)} of {len(done) + 1} moments, and {states} states of a disk that lost power there: "
        "the old file or the whole new one, every time"
    )


def killed(folder: Path, moments: list[int]) -> None:
    """Really: a child ends by SIGKILL before its n-th operation, for every n in `moments`; the last one is its end.

    In a process of its own: OpenEXR's threads do not survive a fork, and here they have not been started.
    """
    target, old, new = folder / "photo.exr", (folder / "old").read_bytes(), (folder / "new").read_bytes()
    for last in moments:
        target.write_bytes(old)
        child = os.fork()
        if child == 0:
            victim(target, last)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != (-signal.SIGKILL if last < moments[-1] else 0):
            raise Fault(f"the writer ended with {status}")
        temporary = atomic.temporary_path(target, child)  # the client removes it, or who next has this process id
        temporary.unlink(missing_ok=True)
        expect_only(folder, "photo.exr", "old", "new")
        if target.read_bytes() != (new if last >= moments[-1] - 1 else old):
            raise Fault(f"killed before operation {last}: a file that is neither old nor new")


def victim(target: Path, last: int) -> None:
    """Write, and die before operation `last`."""
    count = 0

    def hear(*_: object) -> None:
        nonlocal count
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1

    with heard(hear):
        write_exr(target, NEW, header={}, overwrite=True)


def played(done: list[tuple[str, int, bytes]], old: bytes, new: bytes, trials: int) -> int:
    """Every point, and at each some selections of the pages that were not synced. Returns how many states were looked at."""
    chance = random.Random(1)
    states = 0
    for end in range(len(done) + 1):
        before = done[:end]
        names = [what for what, _, _ in before]
        synced = names.index("sync") if "sync" in names else 0
        pages = [(place + at, data[at : at + PAGE]) for _, place, data in before[synced:] for at in range(0, len(data), PAGE)]
        safe = [(place, data) for _, place, data in before[:synced]]
        for _ in range(trials):
            kept = chance.sample(pages, chance.randint(0, len(pages)))
            renamed = "rename" in names and ("sync of the folder" in names or chance.random() < 0.5)
            states += 1
            if (content([*safe, *kept]) if renamed else old) not in (old, new):
                raise Fault(f"power cut after {end} operations: a part of a file under the final name")
    return states


def content(writes: list[tuple[int, bytes]]) -> bytes:
    data = bytearray()
    for place, part in writes:
        data.extend(bytes(max(0, place + len(part) - len(data))))
        data[place : place + len(part)] = part
    return bytes(data)


if __name__ == "__main__":
    killed(Path(sys.argv[1]), [int(moment) for moment in sys.argv[2:]])
