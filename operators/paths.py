"""Paths as Blender writes them, and where an EXR goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import bpy

from .errors import SceneError

if TYPE_CHECKING:
    from .sources import Source

Destination = Literal["SOURCE", "FOLDER", "PACKED"]


def absolute_path(path: str, library: bpy.types.Library | None = None) -> Path:
    """`path` resolved, where // is the folder of the .blend (or of the `library` that it comes from)."""
    if path.startswith("//") and library is None and not bpy.data.is_saved:
        raise SceneError(f'"{path}" is relative to a .blend that is not saved yet.', "Save it, or give the whole path.")
    return Path(bpy.path.abspath(path, library=library)).absolute()


def path_for_blend(path: Path) -> str:
    """`path` as it should stand in the .blend: relative where the user prefers that and it can be."""
    if bpy.data.is_saved and bpy.context.preferences.filepaths.use_relative_paths:
        try:
            return bpy.path.relpath(str(path))
        except ValueError:  # on another drive
            return str(path)
    return str(path)


def exr_path(source: Source, *, output: str, destination: Destination, folder: str, scratch: Path) -> Path:
    """The EXR to write: `output` if given, else <photo>_hdri.exr beside the photo, in `folder`, or to be packed, in `scratch`.

    Raises SceneError where that leaves no place.
    """
    if output:
        if destination == "PACKED":
            raise SceneError(
                "An image cannot be packed and have an output file too.", "Leave Output empty, or choose another Destination."
            )
        return absolute_path(output)
    name = f"{source.stem}_hdri.exr"
    if destination == "PACKED":
        return scratch / name
    if destination == "FOLDER":
        if not folder:
            raise SceneError("No folder was chosen for the EXR.", "Choose one, or set Destination to Beside the Photo.")
        return absolute_path(folder) / name
    if source.folder is not None:
        return source.folder / name
    if not bpy.data.is_saved:
        raise SceneError(
            f'The image "{source.label}" and this .blend have no folder yet, so the EXR has no place.',
            "Save the .blend, or set Destination to a folder or to Packed.",
        )
    return absolute_path("//") / name
