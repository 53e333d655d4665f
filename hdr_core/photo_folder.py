"""Which files are photos, and what a sheet is called. Standard library only."""

from __future__ import annotations

from pathlib import Path, PurePath

from .version import SOFTWARE

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".gif", ".heic", ".heif", ".hif", ".avif", ".exr", ".hdr"}
)
SHEET_SUFFIX = ".sheet.png"


def is_photo_name(path: PurePath) -> bool:
    """By its name. Sheets of an earlier run are none: results may go into the photos' folder."""
    return path.suffix.lower() in PHOTO_SUFFIXES and not path.name.lower().endswith(SHEET_SUFFIX)


def is_result(path: Path) -> bool:
    """Whether an EXR or Radiance file says in its header that this software made it; here without OpenEXR. False where it
    cannot be read: whoever converts it says why.
    """
    if path.suffix.lower() not in {".exr", ".hdr"}:
        return False
    try:
        with path.open("rb") as file:
            return f"{SOFTWARE} ".encode() in file.read(2**14)
    except OSError:
        return False
