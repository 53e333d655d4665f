"""The disk is full after a random number of bytes: 20 times by a limit to the byte, 20 times on a small disk (Linux, root)."""

from __future__ import annotations

import random
import resource
import subprocess
from pathlib import Path

from common import FLAT, Fault, checksum, convert_in_peace, expect_only, take_photo, worker

from hdr_core.client import WorkerClient
from hdr_core.errors import OutputError

COUNT = 20
PAGE = 4096


def run(folder: Path, count: int = COUNT, seed: int = 1) -> str:
    photo = take_photo(folder / "photo.png", 192, 128, seed=1)
    whole = convert_in_peace(photo, folder / "peace.exr")
    size = (folder / "peace.exr").stat().st_size
    target = folder / "target"
    target.mkdir()
    chance = random.Random(seed)
    client = worker()
    client.hello().wait()
    try:
        limits = sorted({0, 1, size - 1, *(chance.randrange(2, size - 1) for _ in range(count - 3))})
        for limit in limits:
            resource.prlimit(client.pid or 0, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            refused(client, photo, target, f"a limit of {limit} bytes")
        resource.prlimit(client.pid or 0, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        room = [PAGE * chance.randrange(size // PAGE) for _ in range(count)]
        with small_disk(folder / "disk", size) as disk:
            for free in room:
                filling = disk / "filling"
                filling.write_bytes(bytes(-(-size // PAGE) * PAGE - free))
                refused(client, photo, disk, f"a disk with {free} bytes free", "filling")
                filling.unlink()
        client.convert(photo, target / "photo.exr", FLAT).wait()
    finally:
        client.close()
    if checksum(target / "photo.exr") != whole:
        raise Fault("with room again, another file came out")
    return (
        f"an EXR of {size} bytes: {len(limits)} limits from {limits[0]} to {limits[-1]} bytes and {count} disks with "
        f"{min(room)} to {max(room)} bytes free: refused, nothing left; whole once there was room"
    )


def refused(client: WorkerClient, photo: Path, folder: Path, what: str, *others: str) -> None:
    try:
        client.convert(photo, folder / "photo.exr", FLAT).wait()
    except OutputError as error:
        if not error.next_step:
            raise Fault(f"{what}: no next step") from error
    else:
        raise Fault(f"{what}: it was written")
    expect_only(folder, *others)


class small_disk:  # noqa: N801  (used as a function)
    """A disk of `size` bytes, rounded up to pages, mounted at `folder` while the block runs."""

    def __init__(self, folder: Path, size: int, *options: str) -> None:
        self.folder, self.options = folder, ",".join([f"size={-(-size // PAGE) * PAGE}", *options])

    def __enter__(self) -> Path:
        self.folder.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", self.options, "tmpfs", str(self.folder)], check=True)
        return self.folder

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)
