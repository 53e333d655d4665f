"""The worker is killed (SIGKILL) at 50 random moments of a conversion, and at some just after its end."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

from common import FLAT, Fault, checksum, convert_in_peace, expect_only, take_photo, worker

from hdr_core.client import WorkerClient
from hdr_core.errors import WorkerError

COUNT = 50


def run(folder: Path, count: int = COUNT, seed: int = 1) -> str:
    """`count` kills in the middle. Every other time there is an older result, which must stay until it is replaced whole."""
    chance = random.Random(seed)
    photo, other = take_photo(folder / "photo.png", seed=1), take_photo(folder / "other.png", seed=2)
    target = folder / "target"
    target.mkdir()
    older, whole = (convert_in_peace(source, folder / "peace.exr") for source in (other, photo))
    old = (folder / "old.exr").read_bytes() if convert_in_peace(other, folder / "old.exr") == older else b""
    client = worker()
    ready(client)
    seconds = [_seconds(client, photo, folder / "peace.exr")]
    ends, stages = Counter[str](), Counter[str]()
    for number in range(4 * count):
        if ends["killed"] == count:
            break
        output = target / "photo.exr"
        output.unlink(missing_ok=True)
        if number % 2:
            output.write_bytes(old)
        ready(client)
        job = client.convert(photo, output, FLAT, overwrite=True)
        time.sleep(chance.random() * max(seconds[-3:]))  # the last ones: it changes with what else the machine does
        pid = client.pid
        os.kill(pid, signal.SIGKILL) if pid else None
        try:
            seconds.append(job.wait().seconds)
            ends["done just before"] += 1
            expected = {whole}
        except WorkerError:
            ends["killed"] += 1
            stages[job.stage or "before it began"] += 1
            expected = {older if number % 2 else "", whole}  # it may have died between the rename and the answer
        found = checksum(output) if output.exists() else ""
        if found not in expected:
            size = output.stat().st_size if found else 0
            raise Fault(
                f"kill {number} ({job.stage}, {dict(ends)}) left {size} bytes: neither the old file nor the whole new one"
            )
        expect_only(target, *(["photo.exr"] if found else []))
    ready(client)
    client.convert(photo, target / "photo.exr", FLAT, overwrite=True).wait()
    client.close()
    if checksum(target / "photo.exr") != whole:
        raise Fault("the conversion after all the kills gave another file")
    if ends["killed"] < count:
        raise Fault(f"{4 * count} kills, and only {ends['killed']} in the middle")
    told = f"{sum(ends.values())} kills: {dict(ends)}; in the stage {dict(stages)}"
    return f"{told}; no part of a file left, the next conversion worked"


def ready(client: WorkerClient) -> None:
    """A new worker, where the last one was killed: perhaps just after its answer, so that its end is not known yet."""
    try:
        client.hello().wait()
    except WorkerError:
        client.hello().wait()


def _seconds(client: WorkerClient, photo: Path, output: Path) -> float:
    began = time.monotonic()
    client.convert(photo, output, FLAT, overwrite=True).wait()
    return time.monotonic() - began
