"""A folder of photos: which files are photos, and what their results are called. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from .errors import OutputError, PhotoError

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".gif", ".heic", ".heif", ".hif", ".avif", ".exr", ".hdr"}
)
SHEET_SUFFIX = ".sheet.png"


def photos_in(folder: Path) -> list[Path]:
    """The photos of a folder, in order of their names. Raises PhotoError when there are none."""
    try:
        photos = sorted(path for path in folder.iterdir() if _is_photo(path))
    except OSError as error:
        raise PhotoError(f'The folder "{folder}" cannot be read: {error.strerror}.', "Give a folder of photos.") from error
    if not photos:
        raise PhotoError(
            f'There are no photos in "{folder}".', f"Give a folder with {', '.join(sorted(PHOTO_SUFFIXES))} files."
        )
    return photos


def _is_photo(path: Path) -> bool:
    """Sheets and results of an earlier run are none: results may go into the photos' folder."""
    name = path.name.lower()
    if path.suffix.lower() not in PHOTO_SUFFIXES or name.endswith(SHEET_SUFFIX) or not path.is_file():
        return False
    return path.suffix.lower() != ".exr" or not _is_result(path)


def _is_result(path: Path) -> bool:
    """Whether an EXR file says in its header that this software made it; here without OpenEXR."""
    with path.open("rb") as file:
        return b"LDR to HDRI " in file.read(2**14)


def outputs_for(photos: Sequence[Path], folder: Path) -> Iterator[tuple[Path, Path | OutputError]]:
    """Each photo's output, or why it has none: of two photos that differ only in their suffix, one would replace the other."""
    taken: dict[str, Path] = {}
    for photo in photos:
        first = taken.setdefault(photo.stem.casefold(), photo)
        if first is photo:
            yield photo, folder / f"{photo.stem}.exr"
        else:
            yield photo, OutputError(f'Its output would replace that of "{first.name}".', "Rename one of the two.")
