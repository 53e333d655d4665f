"""Photos of a library that one worker has under way at the same time."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hdr_core.client import WorkerClient
from hdr_core.library.pool import Pool, Task
from hdr_core.library.together import AT_ONCE, Room, at_once
from hdr_core.library.work import File, Product, Work
from hdr_core.settings import ConvertSettings


def works(folder: Path, count: int) -> list[Work]:
    folder.mkdir()
    rng, made = np.random.default_rng(0), []
    for i in range(count):
        smooth = rng.integers(0, 256, (6 + i, 12 + 2 * i, 3), np.uint8)
        photo = folder / f"{i}.png"
        Image.fromarray(smooth).resize((192, 96), Image.Resampling.BICUBIC).save(photo)
        file = File(str(folder / f"{i}.exr"), "original", "exr")
        made.append(Work(str(photo), (file,), ConvertSettings(device="cpu"), "auto", "", "", "", overwrite=False, cube=False))
    return made


def run(pool: Pool, works: list[Work], kill_when: int = 10**9) -> tuple[list[Task], int]:
    """Every photo's task, and how many were under way at once at most; killed once so many are, then at most one is."""
    todo, done, most = [Task(work.source, work) for work in works], [], 0
    pid = 0  # of the worker that was killed
    deadline = time.monotonic() + 300
    while len(done) < len(works):
        assert time.monotonic() < deadline
        while todo and pool.ready:
            pool.submit(todo.pop(0))
        for task, product in pool.poll():
            assert isinstance(product, Product)
            done.append(task)
        begun = sum(photo.stage != "starting" for photo in pool.under_way())
        if begun >= kill_when and pid == 0:
            pid, most = pool.client().pid or 0, 0
            os.kill(pid, signal.SIGKILL)
        elif pool.client().pid not in (None, pid):
            most = max(most, begun)
        time.sleep(0.002)
    return done, most


@pytest.mark.skipif(os.name != "posix", reason="kills by signals")
def test_several_at_once_make_what_one_after_the_other_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together, killed, alone = (works(tmp_path / name, count) for name, count in (("together", 3), ("killed", 2), ("alone", 1)))
    python = Path(sys.executable)
    pool = Pool(lambda more: WorkerClient(python, variables=more), 1, "cpu")
    try:
        monkeypatch.setenv(AT_ONCE, "3")
        assert run(pool, together)[1] > 1
        tasks, most = run(pool, killed, kill_when=2)
        assert most == 1  # whatever the worker died of, it is found out which photo it was
        assert sorted(task.attempts for task in tasks)[-2:] == [1, 1]
        run(pool, alone)
    finally:
        pool.close()
    made = [[Path(work.files[0].path).read_bytes() for work in works] for works in (together, killed, alone)]
    assert made[0][:2] == made[1]
    assert made[0][:1] == made[2]


def test_there_is_room_for_so_many_pixels_or_for_one_photo():
    room, order = Room(100), []

    def photo(name: str, pixels: int) -> None:
        with room.of(pixels):
            order.append(name)

    with room.of(60):
        small, large = (threading.Thread(target=photo, args=each) for each in (("small", 40), ("large", 1000)))
        large.start()
        small.start()
        small.join(timeout=10)
        assert order == ["small"]
    large.join(timeout=10)
    assert order == ["small", "large"]


def test_a_small_machine_takes_one_photo_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(AT_ONCE, raising=False)
    assert [at_once(cores) for cores in (1, 2, 7, 8, 12, 64)] == [1, 1, 1, 2, 3, 3]
