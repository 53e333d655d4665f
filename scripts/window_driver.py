"""Goes through steps in a window of Blender, in its main loop, and finds the parts of the window."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

import bpy

MODULE = "bl_ext.user_default.ldr_to_hdri"
Pauses = Iterator[float]
"""Steps are a generator: it yields seconds in which Blender draws."""


def run(steps: Pauses, ready: Path) -> None:
    """Go through them, then make the file `ready`."""

    def step() -> float | None:
        try:
            return next(steps)
        except StopIteration:
            pass
        except Exception:  # noqa: BLE001  (the window must close, and the log say why)
            traceback.print_exc()
        ready.touch()
        return None

    bpy.app.timers.register(step, first_interval=2)


def window() -> bpy.types.Window:
    return bpy.context.window_manager.windows[0]


def area(kind: str) -> bpy.types.Area:
    return max((area for area in window().screen.areas if area.type == kind), key=lambda area: area.width * area.height)


def region(kind: str, name: str = "WINDOW") -> bpy.types.Region:
    return next(region for region in area(kind).regions if region.type == name)
