"""Kills a batch at random moments, over and over, until it is done, and compares what it made with what a batch in peace makes.

    .venv/bin/python scripts/kill_batch.py [--kills 50] [--photos 24] [--seed 1]

Every second kill takes the workers, too. Prints what happened; exit code 1 if anything differs, was done twice, or is left
behind.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hdr_core.sheet.png import encode_png  # noqa: E402

OPTIONS = ("--sizes", "original,1k", "--formats", "exr,hdr", "--sheet", "--quiet")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    kills, failures, rounds = 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="kill_batch_") as folder:
        source, peace = Path(folder) / "photos", Path(folder) / "peace"
        take_photos(source, options.photos, chance)
        began = time.monotonic()
        start(source, peace).wait()
        took = time.monotonic() - began
        print(f"in peace: {options.photos} photos in {took:.1f} s", flush=True)
        while kills < options.kills:
            rounds += 1
            war = Path(folder) / f"war_{rounds}"
            moments = survive(source, war, options.kills - kills, took / options.photos, chance)
            kills += len(moments)
            print(f"killed {len(moments)} times; photos done at the kills: {' '.join(map(str, moments))}")
            failures += compare(peace, war, options.photos, start(source, war).wait())
    print(f"{kills} kills in {rounds} batches, {failures} of them with faults")
    return 1 if failures else 0


def take_photos(folder: Path, count: int, chance: random.Random) -> None:
    """Panoramas and pictures with lights, in two folders."""
    for number in range(count):
        height, width = chance.choice(((32, 64), (48, 96), (40, 56)))
        y, x = np.mgrid[0:height, 0:width]
        light = np.exp(-((x - chance.random() * width) ** 2 + (y - chance.random() * height) ** 2) / 20) * 400
        pixels = np.stack([60 + 1.5 * x, 90 + y, 160 - x], -1) + light[..., None]
        path = folder / ("sub" if number % 3 else "") / f"photo_{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(pixels.clip(0, 255).astype(np.uint8)))


def start(source: Path, target: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hdr_core.cli", "batch", str(source), str(target), *OPTIONS]
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True)


def survive(source: Path, target: Path, kills: int, photo: float, chance: random.Random) -> list[int]:
    """Start the batch and kill it until it is done, or `kills` times. Returns how many photos were done at each kill.

    A run mostly gets the time of a photo or two, `photo` seconds each, so that kills fall on all of them, and anywhere in them.
    """
    done: list[int] = []
    while len(done) < kills:
        running = start(source, target)
        so_far = photos_done(target)
        if chance.random() < 0.8:  # the others are killed while they start
            while photos_done(target) == so_far and running.poll() is None:
                time.sleep(0.01)
        time.sleep(chance.random() * 2 * photo)
        if running.poll() is not None:
            break
        if len(done) % 2:
            os.killpg(running.pid, signal.SIGKILL)  # workers, too: what they leave behind stays
        else:
            running.kill()
        running.wait()
        time.sleep(0.3)  # a worker that lives sees that it is alone, and ends
        done.append(photos_done(target))
    return done


def entries(target: Path) -> list[dict]:
    journal = target.with_name(f"{target.name}.batch") / "journal.jsonl"
    found = []
    for line in journal.read_bytes().splitlines() if journal.exists() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            found.append({"event": "torn"})
    return found


def photos_done(target: Path) -> int:
    return sum(entry["event"] == "done" for entry in entries(target))


def compare(peace: Path, war: Path, photos: int, code: int) -> int:
    events = Counter(entry["event"] for entry in entries(war))
    repeated = [name for name, count in Counter(e["source"] for e in entries(war) if e["event"] == "done").items() if count > 1]
    made, expected = (files(folder) for folder in (war, peace))
    faults = [
        *([f"exit code {code}"] if code else []),
        *(f"done twice: {name}" for name in repeated),
        *(f"only one has it: {name}" for name in sorted(made.keys() ^ expected.keys())),
        *(f"differs: {name}" for name in sorted(made.keys() & expected.keys()) if made[name] != expected[name]),
    ]
    print(f"journal: {dict(events)}; {len(made)} files, {photos} photos")
    print("\n".join(faults) or "the same files, byte for byte; no photo was done twice; nothing was left behind")
    return 1 if faults else 0


def files(folder: Path) -> dict[str, str]:
    """The checksum of every file, hidden ones, too."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


if __name__ == "__main__":
    sys.exit(main())
