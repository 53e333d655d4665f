"""The photo is deleted, replaced, written over or cut off while it is converted, 20 times each, at random moments."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from common import FLAT, Fault, checksum, convert_in_peace, expect_only, take_photo, worker

from hdr_core.errors import PhotoError

COUNT = 20
KINDS = ("png", "jpg", "heic", "avif", "tif")


def replaced(photo: Path, other: Path) -> None:
    shutil.copy(other, photo.with_suffix(".new"))
    photo.with_suffix(".new").replace(photo)


WAYS: dict[str, Callable[[Path, Path], object]] = {
    "deleted": lambda photo, _: photo.unlink(),
    "replaced": replaced,
    "written over": lambda photo, other: photo.write_bytes(other.read_bytes()),
    "cut off": lambda photo, _: photo.write_bytes(photo.read_bytes()[:2000]),
}


def run(folder: Path, count: int = COUNT, seed: int = 1) -> str:
    import pillow_heif

    chance = random.Random(seed)
    pillow_heif.register_heif_opener()
    names = ("first", "other")
    pairs = {kind: [take_photo(folder / f"{name}.{kind}", 256, 192, seed) for seed, name in enumerate(names)] for kind in KINDS}
    whole = {convert_in_peace(source, folder / "peace.exr") for pair in pairs.values() for source in pair}
    client = worker()
    seen: dict[str, Counter[str]] = {}
    try:
        client.warm_up().wait()
        for way, change in WAYS.items():
            counts = seen.setdefault(way, Counter())
            for number in range(count):
                place = folder / f"{way} {number}"
                place.mkdir()
                first, other = pairs[KINDS[number % len(KINDS)]]
                photo = place / f"photo{first.suffix}"
                shutil.copy(first, photo)
                job = client.convert(photo, place / "photo.exr", FLAT)
                time.sleep(chance.random() * (0.05 if number % 2 else 1.5))  # half of them while it is read
                change(photo, other)
                try:
                    job.wait()
                except PhotoError as error:
                    counts["refused"] += 1
                    if not error.next_step:
                        raise Fault(f"{way}: no next step") from error
                else:
                    counts["converted"] += 1
                    if checksum(place / "photo.exr") not in whole and way != "written over":
                        raise Fault(f"{way}: neither the one photo nor the other came out")
                (place / "photo.exr").unlink(missing_ok=True)
                expect_only(place, *([photo.name] if way != "deleted" else []))
    finally:
        client.close()
    told = "; ".join(f"{way}: {', '.join(f'{counts[key]} {key}' for key in sorted(counts))}" for way, counts in seen.items())
    return f"{told}; no worker died, no part of a file left"
