"""Which files are photos, and what a sheet is called. Standard library only."""

from __future__ import annotations

from pathlib import Path, PurePath

from .version import SOFTWARE

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".gif", ".heic", ".heif", ".hif", ".avif", ".exr", ".hdr"}
)
SHEET_SUFFIX = ".sheet.png"
MARK_WITHIN = 2**14
"""Bytes at the beginning of a file in which its maker is named."""


def is_photo_name(path: PurePath) -> bool:
    """By its name. Sheets of an earlier run are none: results may go into the photos' folder."""
    return path.suffix.lower() in PHOTO_SUFFIXES and not path.name.lower().endswith(SHEET_SUFFIX)


def is_result(path: Path) -> bool:
    """Whether an EXR or Radiance file says in its header that this software made it; here without OpenEXR. False where it
    cannot be read: whoever converts it says why.
    """
    if not may_be_result(path.name):
        return False
    try:
        with path.open("rb") as file:
            return holds_mark(file.read(MARK_WITHIN))
    except OSError:
        return False


def may_be_result(name: str) -> bool:
    """By its name."""
    return name.lower().endswith((".exr", ".hdr"))


def holds_mark(beginning: bytes) -> bool:
    """Whether the first MARK_WITHIN bytes of an EXR, Radiance or PNG file say that this software made it."""
    return f"{SOFTWARE} ".encode() in beginning
