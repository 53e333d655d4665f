"""Goes through steps in a window of Blender, in its main loop, and finds the parts of the window."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

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

    bpy.app.timers.register(step, first_interval=2, persistent=True)  # a step may load another file


def window() -> bpy.types.Window:
    return bpy.context.window_manager.windows[0]


def area(kind: str) -> bpy.types.Area:
    return max((area for area in window().screen.areas if area.type == kind), key=lambda area: area.width * area.height)


def region(kind: str, name: str = "WINDOW") -> bpy.types.Region:
    return next(region for region in area(kind).regions if region.type == name)


def in_area(kind: str) -> Any:
    """A context in which operators run as if they were called there."""
    return bpy.context.temp_override(window=window(), area=area(kind), region=region(kind))


def extension(module: str) -> ModuleType:
    """One of the extension's modules, such as "operators.task_queue"."""
    return __import__(f"{MODULE}.{module}", fromlist=["_"])


def environment() -> Any:
    """The node of ours that lights the scene; None without one."""
    return extension("operators.environment").environment_node(bpy.context.scene.world)


def until_idle(longest: float) -> Pauses:
    """Until nothing is converted any more, `longest` seconds at most."""
    until = time.monotonic() + longest
    while extension("operators.task_queue").pending():
        assert time.monotonic() < until, "it does not end"
        yield 0.1


def show_sidebar(kind: str, category: str = "LDR to HDRI") -> Pauses:
    """Our tab of it; it can be chosen only after the sidebar was drawn once."""
    area(kind).spaces.active.show_region_ui = True
    for _ in range(2):
        yield 1
        region(kind, "UI").active_panel_category = category
        area(kind).tag_redraw()
