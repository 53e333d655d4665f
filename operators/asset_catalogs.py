"""Catalogs of an asset library, from a tree of folders: Blender keeps them in a text file at the library's root."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path

from ..hdr_core.atomic import replacing

FILE_NAME = "blender_assets.cats.txt"
ROOT = "HDRIs"
_HEAD = "# Catalogs of an asset library, as Blender reads them.\nVERSION 1\n"
_SPACE = uuid.UUID("0b2e1b0a-5b4e-4f6d-9a39-7d0d1c2f7a11")


def write_catalogs(library: Path, folders: Iterable[str]) -> dict[str, str]:
    """Have a catalog for each folder, as "" or "a/b", in the library at this path; returns their ids. Others stay in the file.

    Raises OutputError where the file cannot be written.
    """
    path = library / FILE_NAME
    text = path.read_text(encoding="utf-8") if path.is_file() else _HEAD
    known = {parts[1]: parts[0] for line in text.splitlines() if len(parts := line.split(":")) == 3}
    ids, added = {}, []
    for folder in folders:
        parts = [ROOT, *(part for part in folder.replace(":", "-").split("/") if part)]
        for depth in range(1, len(parts) + 1):  # those above it, too: Blender wants to save what it has to add
            catalog = "/".join(parts[:depth])
            if catalog not in known:
                known[catalog] = str(uuid.uuid5(_SPACE, catalog))
                added.append(f"{known[catalog]}:{catalog}:{catalog.replace('/', '-')}\n")
        ids[folder] = known["/".join(parts)]
    if added:
        with replacing(path, overwrite=True) as file:
            file.write((text if text.endswith("\n") else f"{text}\n").encode() + "".join(added).encode())
    return ids
