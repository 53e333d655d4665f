"""Which files are photos, and what a sheet is called. Standard library only."""

from __future__ import annotations

from pathlib import PurePath

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".gif"})
SHEET_SUFFIX = ".sheet.png"


def is_photo_name(path: PurePath) -> bool:
    """By its name. Sheets of an earlier run are none: results may go into the photos' folder."""
    return path.suffix.lower() in PHOTO_SUFFIXES and not path.name.lower().endswith(SHEET_SUFFIX)
