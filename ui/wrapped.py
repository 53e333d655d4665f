"""Text in as many lines as it needs: Blender's labels are cut off where they do not fit."""

from __future__ import annotations

from typing import Any

import bpy

_LETTER = 6.2  # pixels of an average letter at a UI scale of 1
_NARROWEST = 16


def draw_wrapped(layout: Any, text: str, *, icon: str = "NONE", indent: int = 0) -> None:
    """`text`, which is not translated, in lines that fit the region; `indent`: how many letters of a line are taken already."""
    width = _letters() - indent
    line, first = "", True
    for word in [*text.split(), ""]:
        if line and (not word or len(line) + 1 + len(word) > width):
            layout.label(text=line, icon=icon if first else "NONE" if icon == "NONE" else "BLANK1", translate=False)
            line, first = "", False
        line = f"{line} {word}".strip()


def _letters() -> int:
    """How many fit into a line of the region that is drawn."""
    region = bpy.context.region
    if region is None:
        return 60
    return max(_NARROWEST, int(region.width / (_LETTER * bpy.context.preferences.system.ui_scale)) - 5)
