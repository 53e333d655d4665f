"""Enables this checkout as an extension of the bpy module, in a user folder of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULE = "bl_ext.user_default.ldr_to_hdri"


def link_checkout(user_folder: Path) -> None:
    """Make `user_folder`, empty or new, Blender's own, with the checkout as an installed extension. Before bpy is imported."""
    if "bpy" in sys.modules:
        raise RuntimeError("bpy was imported before its user folder was chosen")
    extensions = user_folder / "extensions" / "user_default"
    extensions.mkdir(parents=True)
    (extensions / "ldr_to_hdri").symlink_to(ROOT)
    os.environ["BLENDER_USER_RESOURCES"] = str(user_folder)


def enable_checkout(user_folder: Path) -> None:
    """Start the bpy module in `user_folder`, and enable the extension there. `disable` it before the process ends."""
    link_checkout(user_folder)
    enable()


def enable() -> None:
    """Enable the extension in the user folder that `link_checkout` made."""
    import bpy  # noqa: F401  (it makes addon_utils importable)

    # isort: split
    import addon_utils

    if addon_utils.enable(MODULE, default_set=True) is None:
        raise RuntimeError("the extension could not be enabled; its traceback is above")


def disable() -> None:
    """Disable the extension: Blender 4.x hangs or crashes at its end where a class is still registered."""
    import addon_utils

    addon_utils.disable(MODULE, default_set=True)
