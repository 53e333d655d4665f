"""Whether a photo's file is still the one that was converted: another program may have changed it since."""

from __future__ import annotations

import time
from pathlib import Path

import bpy

from ..hdr_core.errors import HdrError
from .node_state import converted, stamp_of, wanted
from .paths import absolute_path

_KEPT = 2.0  # seconds: panels ask whenever they are drawn, and the file may lie on a slow disk
_seen: dict[str, tuple[float, str]] = {}


def stamp(path: Path) -> str:
    """Of a file: its size, and when it was written, to the two seconds that every disk can tell. Empty without one."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime // 2:.0f}"


def has_changed(tree: bpy.types.NodeTree) -> bool:
    """Whether the photo that one of our groups shows was changed since. A file that is gone has not."""
    photo, before = converted(tree).photo, stamp_of(tree)
    if not before or wanted(tree).photo != photo:
        return False
    now = _stamp_now(photo)
    return bool(now) and now != before


def _stamp_now(photo: str) -> str:
    when, known = _seen.get(photo, (-_KEPT, ""))
    if time.monotonic() - when >= _KEPT:
        try:
            known = stamp(absolute_path(photo))
        except HdrError:
            known = ""
        _seen[photo] = (time.monotonic(), known)
    return known
