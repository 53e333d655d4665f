"""The six files of a cube map, told by their names. Standard library only."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

FACES = ("right", "left", "top", "bottom", "front", "back")

_SCHEMES = (
    ("px", "nx", "py", "ny", "pz", "nz"),
    ("posx", "negx", "posy", "negy", "posz", "negz"),
    ("+x", "-x", "+y", "-y", "+z", "-z"),
    ("right", "left", "top", "bottom", "front", "back"),
    ("right", "left", "up", "down", "front", "back"),
    ("rt", "lf", "up", "dn", "ft", "bk"),
    ("r", "l", "u", "d", "f", "b"),
)


def face_files(path: Path, is_there: Callable[[Path], bool] = Path.is_file) -> dict[str, Path] | None:
    """The six files of the cube map that `path` is a face of, by face; None where it is none, or one of them is missing.

    Told by their names: `room_px.png`, `posx.jpg`, `sky-front.tif`, `r.png`, and so on, all with the same suffix.
    """
    for scheme in _SCHEMES:
        for token in scheme:
            found = re.fullmatch(rf"(.*[^A-Za-z0-9]|){re.escape(token)}", path.stem, re.IGNORECASE)
            if not found:
                continue
            for change in (str.lower, str.upper, str.capitalize):
                files = [path.with_name(f"{found[1]}{change(name)}{path.suffix}") for name in scheme]
                if path in files and all(map(is_there, files)):
                    return dict(zip(FACES, files, strict=True))
    return None


def cube_name(files: Iterable[Path]) -> str:
    """What the names of a cube map's files have in common: `sky` of `sky_px.png` and so on; "" where that is nothing."""
    stems = [path.stem for path in files]
    return re.sub(r"[^A-Za-z0-9)\]]+$", "", os.path.commonprefix(stems)) if stems else ""  # noqa: RUF071  (of letters)
