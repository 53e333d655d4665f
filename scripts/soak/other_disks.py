"""The target lies on another file system, is reached by a link, or can only be read (Linux, as root)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from common import FLAT, Fault, checksum, convert_in_peace, expect_only, take_photo, worker
from full_disk import refused, small_disk

from hdr_core.client import WorkerClient


def run(folder: Path) -> str:
    photo = take_photo(folder / "photo.png", seed=1)
    whole = convert_in_peace(photo, folder / "peace.exr")
    client = worker()
    written, kinds = [], []
    try:
        with small_disk(folder / "memory", 2**20) as disk:
            (folder / "link").symlink_to(disk)
            for place in (disk, folder / "link"):
                client.convert(photo, place / "photo.exr", FLAT, overwrite=True).wait()
                written.append(checksum(place / "photo.exr"))
            kinds += ["tmpfs", "tmpfs by a link"]
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            refused_read_only(client, photo, disk)
        if fat := fat_disk(folder):
            try:
                client.convert(photo, fat / "photo.exr", FLAT).wait()
                written.append(checksum(fat / "photo.exr"))
                expect_only(fat, "photo.exr")
                kinds.append("FAT")
            finally:
                subprocess.run(["umount", str(fat)], check=True)
        for place in ("/proc", "/sys"):  # file systems that make no files for anybody
            refused_quietly(client, photo, Path(place))
    finally:
        client.close()
    if set(written) != {whole}:
        raise Fault("another file came out")
    return f"the same bytes on {', '.join(kinds)}; a disk mounted read-only, /proc and /sys: refused, nothing changed"


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


def fat_disk(folder: Path) -> Path | None:
    """A disk as memory cards have it; None where this machine cannot make one."""
    image, place = folder / "card.img", folder / "card"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(2**24)
    for command in (["mkfs.vfat", str(image)], ["mount", "-o", "loop", str(image), str(place)]):
        try:
            if subprocess.run(command, check=False, capture_output=True).returncode:
                return None
        except FileNotFoundError:
            return None
    return place
