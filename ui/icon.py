"""The extension's icon. It is read when it is first shown, because enabling the extension must be instant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

_FILE = Path(__file__).parent / "icons" / "ldr_to_hdri.png"

_previews: Any = None


def icon() -> int:
    """What a layout takes as `icon_value`."""
    global _previews  # noqa: PLW0603
    if _previews is None:
        import bpy.utils.previews

        _previews = bpy.utils.previews.new()
        _previews.load(_FILE.stem, str(_FILE), "IMAGE")
    return _previews[_FILE.stem].icon_id


def unregister() -> None:
    """Let go of it. Safe where it was never shown."""
    global _previews  # noqa: PLW0603
    if _previews is not None:
        bpy.utils.previews.remove(_previews)
        _previews = None
