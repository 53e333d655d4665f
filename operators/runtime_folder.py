"""Where the runtime that the user installed lies."""

from __future__ import annotations

from pathlib import Path

import bpy

_EXTENSION = __package__.rpartition(".")[0]


def runtime_folder() -> Path:
    """The extension's own folder: it survives an update of the extension, and goes with it when that is removed."""
    return Path(bpy.utils.extension_path_user(_EXTENSION, path="runtime"))
