"""The clock jumps by years while the worker converts, and while a batch is stopped and goes on (libfaketime)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from common import FLAT, ROOT, Fault, checksum, convert_in_peace, take_photo

from hdr_core.client import WorkerClient

JUMPS = ("+10y", "-20y", "+1d", "-1h", "+0")


def library() -> Path | None:
    """libfaketime; Debian: the package of that name."""
    return next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


def run(folder: Path) -> str:
    preloaded = library()
    if preloaded is None:
        raise Fault("libfaketime is not installed")
    now = folder / "now"
    # As a user's clock that is set: the monotonic one goes on.
    faked = {"LD_PRELOAD": str(preloaded), "FAKETIME_TIMESTAMP_FILE": str(now), "FAKETIME_NO_CACHE": "1"}
    faked |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    photo = take_photo(folder / "photo.png", seed=1)
    whole = convert_in_peace(photo, folder / "peace.exr")
    now.write_text("+0")
    client = WorkerClient(Path(sys.executable), variables=faked)
    try:
        client.warm_up().wait()
        for jump in JUMPS:
            told: list[float] = []

            def tell(fraction: float, _: str, jump: str = jump, told: list[float] = told) -> None:
                now.write_text(jump)  # once it is under way
                told.append(fraction)

            made = client.convert(photo, folder / "photo.exr", FLAT, overwrite=True).wait(tell)
            if checksum(folder / "photo.exr") != whole or not 0 < made.seconds < 600 or told != sorted(told):
                raise Fault(f"after a jump by {jump}: another file, {made.seconds} s, progress {told}")
    finally:
        client.close()
    return f"{len(JUMPS)} jumps ({', '.join(JUMPS)}) in conversions: the same bytes; {batch(folder, faked, now)}"


def batch(folder: Path, faked: Mapping[str, str], now: Path) -> str:
    source, target = folder / "photos", folder / "hdris"
    source.mkdir()
    names = [take_photo(source / f"{number}.png", seed=number).name for number in range(3)]
    for round_, jump in enumerate(("+0", "-10y", "+10y")):
        now.write_text(jump)
        if round_ == 1:
            (target / "1.exr").unlink()  # this one is to be done again, and nothing else
        command = [sys.executable, "-m", "hdr_core.cli", "batch", str(source), str(target), "--quiet", "--input-curve", "srgb"]
        environment = {**os.environ, **faked}
        ended = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
        if ended.returncode:
            raise Fault(f"a batch at {jump}: {ended.stderr[-500:]}")
    journal = (folder / "hdris.batch" / "journal.jsonl").read_text().splitlines()
    done = sorted(entry["source"] for entry in map(json.loads, journal) if entry["event"] == "done")
    if done != sorted([*names, "1.png"]):
        raise Fault(f"a batch did {done}")
    return "a batch that goes on 10 years earlier, and 20 later, does again what was lost and nothing else"
