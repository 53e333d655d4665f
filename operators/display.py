"""Progress in Blender's window: the status bar, the cursor, and every panel that shows it."""

from __future__ import annotations

import bpy


class ProgressDisplay:
    """From its creation to `end` it ticks the operator by a timer, and shows how far the conversion is."""

    def __init__(self, context: bpy.types.Context) -> None:
        manager = context.window_manager
        self._timer = manager.event_timer_add(0.1, window=context.window)
        manager.progress_begin(0.0, 1.0)

    def show(self, fraction: float, stage: str) -> None:
        """`fraction` in [0, 1]."""
        context = bpy.context
        context.window_manager.progress_update(fraction)
        context.workspace.status_text_set(f"LDR to HDRI: {stage or 'starting'}, {fraction:.0%}   (Esc cancels)")
        _redraw_panels(context)

    def end(self) -> None:
        context = bpy.context
        context.window_manager.event_timer_remove(self._timer)
        context.window_manager.progress_end()
        for workspace in bpy.data.workspaces:  # the user may have changed to another one meanwhile
            workspace.status_text_set(None)
        _redraw_panels(context)


def _redraw_panels(context: bpy.types.Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"PROPERTIES", "NODE_EDITOR"}:
                area.tag_redraw()
