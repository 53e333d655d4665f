"""The target lies on another file system, is reached by a link, or can only be read (Linux, as root).

Debian's packages for the file systems of cards and of Windows: dosfstools, fusefat, exfatprogs, exfat-fuse, ntfs-3g.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common import FLAT, Fault, checksum, convert_in_peace, expect_only, take_photo, worker
from full_disk import refused, small_disk

from hdr_core.client import WorkerClient

# How each is made, and how it is mounted: by the kernel, or by a program of Debian's package of that name.
DISKS: dict[str, list[list[str | Path]]] = {
    "FAT": [["mkfs.vfat"], ["mount", "-o", "loop"], ["fusefat", "-o", "rw+"]],
    "exFAT": [["mkfs.exfat"], ["mount", "-o", "loop", "-t", "exfat"], ["mount", "-o", "loop", "-t", "exfat-fuse"]],
    "NTFS": [["mkntfs", "-F", "-q"], ["ntfs-3g"]],
}


def run(folder: Path) -> str:
    photo = take_photo(folder / "photo.png", seed=1)
    whole = convert_in_peace(photo, folder / "peace.exr")
    client = worker()
    written, kinds, missing = [], [], []
    try:
        with small_disk(folder / "memory", 2**20) as disk:
            (folder / "link").symlink_to(disk)
            for place in (disk, folder / "link"):
                client.convert(photo, place / "photo.exr", FLAT, overwrite=True).wait()
                written.append(checksum(place / "photo.exr"))
            kinds += ["tmpfs", "tmpfs by a link"]
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            refused_read_only(client, photo, disk)
        for kind in DISKS:
            with other_disk(kind, folder) as disk:
                if disk is None:
                    missing.append(kind)
                    continue
                for number in range(2):  # a new file, and one that takes the place of another
                    (disk / "photo.exr").write_bytes(b"older") if number else None
                    client.convert(photo, disk / "photo.exr", FLAT, overwrite=True).wait()
                    written.append(checksum(disk / "photo.exr"))
                    expect_only(disk, "photo.exr")
                kinds.append(kind)
        for place in ("/proc", "/sys"):  # file systems that make no files for anybody
            refused_quietly(client, photo, Path(place))
    finally:
        client.close()
    if set(written) != {whole}:
        raise Fault("another file came out")
    lacking = f" (not here: {', '.join(missing)})" if missing else ""
    return f"the same bytes on {', '.join(kinds)}{lacking}; a disk mounted read-only, /proc and /sys: refused, nothing changed"


def refused_read_only(client: WorkerClient, photo: Path, disk: Path) -> None:
    before = checksum(disk / "photo.exr")
    refused(client, photo, disk, "a disk to read only", "photo.exr")
    if checksum(disk / "photo.exr") != before:
        raise Fault("the file on a disk to read only changed")


def refused_quietly(client: WorkerClient, photo: Path, folder: Path) -> None:
    from hdr_core.errors import OutputError

    try:
        client.convert(photo, folder / "photo.exr", FLAT).wait()
    except OutputError:
        return
    raise Fault(f"it was written into {folder}")


@contextmanager
def other_disk(kind: str, folder: Path) -> Iterator[Path | None]:
    """A disk as memory cards and Windows have them, in a file; None where this machine cannot make or mount one."""
    image, place = folder / f"{kind}.img", folder / kind
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(2**25)
    make, *mounts = DISKS[kind]
    if not _runs([*make, image]) or not any(_runs([*mount, image, place]) for mount in mounts):
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def _runs(command: list[str | Path]) -> bool:
    return shutil.which(command[0]) is not None and subprocess.run(command, check=False, capture_output=True).returncode == 0
