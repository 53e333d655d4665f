"""Text in as many lines as it needs: Blender's labels are cut off where they do not fit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import blf
import bpy

_FONT = 0  # the interface's
_MARGIN = 54  # pixels at a UI scale of 1 that a panel and a box in it leave free, on both sides
_TABS = 20  # and those of a sidebar's tabs
_NARROWEST = 90
_BESIDE = 22  # pixels beside a label, until it is cut off
_WITHOUT_A_WINDOW = 400


def draw_wrapped(layout: Any, text: str, *, icon: str = "NONE", indent: float = 0, share: float = 1.0) -> None:
    """`text`, not translated, in lines that fit into `share` of the region less `indent` pixels at a UI scale of 1."""
    first = True
    for line in _lines(text, share * _width() - indent - (20 if icon != "NONE" else 0)):
        layout.label(text=line, icon=icon if first else "NONE" if icon == "NONE" else "BLANK1", translate=False)
        first = False


def share_of(texts: Iterable[str]) -> float:
    """The share of the region's width that the widest of `texts` takes, with the space that Blender leaves beside it."""
    return (max(map(_wide, texts), default=0) + _BESIDE) / (_width() + _MARGIN)


def _lines(text: str, width: float) -> list[str]:
    """`text` broken at its spaces; a word that is too long by itself, such as a path or Japanese, anywhere."""
    lines, line = [], ""
    for word in text.split():
        joined = f"{line} {word}".strip()
        if _fits(joined, width):
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        while not _fits(line, width):
            most = next(count for count in range(len(line) - 1, 0, -1) if count == 1 or _fits(line[:count], width))
            lines.append(line[:most])
            line = line[most:]
            if len(line) <= 1:
                break
    return [*lines, line] if line else lines


def _fits(text: str, width: float) -> bool:
    return _wide(text) <= width


def _wide(text: str) -> float:
    """In pixels at a UI scale of 1."""
    blf.size(_FONT, bpy.context.preferences.ui_styles[0].widget.points)
    return blf.dimensions(_FONT, text)[0]


def _width() -> float:
    """What the region that is drawn leaves for text, in pixels at a UI scale of 1."""
    region = bpy.context.region
    if region is None:
        return _WITHOUT_A_WINDOW
    margin = _MARGIN + (_TABS if region.type == "UI" else 0)
    return max(_NARROWEST, region.width / bpy.context.preferences.system.ui_scale - margin)
