"""Where a preview is seen: in an Image Editor, which opens as the user's renders do where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

from .preview_image import preview_image

CATEGORY = "LDR to HDRI"
"""The tab of our panels in every sidebar."""

_TRIES, _PAUSE = 20, 0.1  # seconds: an editor must have been drawn before a tab of its sidebar can be chosen


def show_preview(*, asked: bool) -> None:
    """See to it that an Image Editor shows the preview, all of it, with its controls beside it.

    asked: by hand, so one is taken or opened; else only one that shows nothing yet is taken, and none is opened.
    """
    if preview_image() is None or not bpy.context.window_manager.windows:
        return
    if not any(True for _ in _showing()):
        editor = _editor() if asked else _empty_editor()
        if editor is None:
            return
        editor.image = preview_image()
    elif not asked:
        return  # what it shows is the new one already
    bpy.app.timers.register(_Arranging().step, first_interval=_PAUSE)


class _Arranging:
    """Opens our tab of the sidebar and fits the picture into the editor, once that was drawn."""

    def __init__(self) -> None:
        self._left = _TRIES

    def step(self) -> float | None:
        self._left -= 1
        waiting = [place for place in _showing() if not _arrange(*place)]
        return _PAUSE if waiting and self._left else None


def _arrange(window: bpy.types.Window, area: bpy.types.Area) -> bool:
    """Whether it could be done already."""
    space: Any = area.spaces.active
    if not space.show_region_ui:
        space.show_region_ui = True
        return False
    for region in area.regions:
        if region.type == "UI" and region.active_panel_category != CATEGORY:
            try:
                region.active_panel_category = CATEGORY
            except (TypeError, AttributeError):  # not drawn yet: it has no tabs
                return False
    body = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=body):
        bpy.ops.image.view_all(fit_view=True)
    area.tag_redraw()
    return True


def _showing() -> Iterator[tuple[bpy.types.Window, bpy.types.Area]]:
    """Every Image Editor that shows the preview, and its window."""
    image = preview_image()
    for window, area in _areas():
        if area.type == "IMAGE_EDITOR" and area.spaces.active.image == image:
            yield window, area


def _areas() -> Iterator[tuple[bpy.types.Window, bpy.types.Area]]:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            yield window, area


def _editors() -> Iterator[Any]:
    return (area.spaces.active for _, area in _areas() if area.type == "IMAGE_EDITOR")


def _empty_editor() -> Any:
    return next((editor for editor in _editors() if editor.image is None), None)


def _editor() -> Any:
    """An Image Editor to show it in, one that is empty rather than another; a new one as the preferences say of renders.

    None where they say that none should open.
    """
    there = _empty_editor() or next(_editors(), None)
    if there is not None:
        return there
    where = bpy.context.preferences.view.render_display_type
    if where == "NONE":
        return None
    if where == "WINDOW":
        bpy.ops.wm.window_new()
    window = bpy.context.window_manager.windows[-1] if where == "WINDOW" else bpy.context.window
    area = max(window.screen.areas, key=lambda area: area.width * area.height)
    area.type = "IMAGE_EDITOR"
    return area.spaces.active
