"""How live Blender's window stays while a photo is converted, and how soon Esc stops it. Runs in a window of Blender.

    PHOTO=big.jpg RESULT=window.json LDR_TO_HDRI_PYTHON=... blender --factory-startup --python benchmarks/window.py

The extension must be installed; xdotool presses Esc. An empty text editor, which costs little to draw even in software, is
drawn as often as Blender can; a gap is the time from one drawing to the next: first with nothing to do, then while PHOTO is
converted, then while it is converted again until Esc.
Writes its figures into RESULT, JSON; benchmarks/window.md keeps them. Blender ends with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import traceback
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import bpy

PHOTO, RESULT = os.environ["PHOTO"], Path(os.environ["RESULT"])
MODULE = "bl_ext.user_default.ldr_to_hdri"
IDLE = 10.0  # seconds
drawn: list[float] = []
measured: dict[str, object] = {"blender": bpy.app.version_string, "processors": os.cpu_count()}


def after(seconds: float, step: Callable[[], object]) -> None:
    """Run `step` in the main loop; whatever it raises ends Blender."""

    def run() -> None:
        try:
            step()
        except Exception:
            RESULT.write_text(traceback.format_exc())
            bpy.ops.wm.quit_blender()
            raise

    bpy.app.timers.register(run, first_interval=seconds)


def editor() -> bpy.types.Area:
    return next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "TEXT_EDITOR")


def draw_always() -> float:
    editor().tag_redraw()
    return 0.005


def start() -> None:
    for area in bpy.context.window_manager.windows[0].screen.areas:
        if area.type != "PROPERTIES":
            area.type = "TEXT_EDITOR"
    bpy.types.SpaceTextEditor.draw_handler_add(lambda: drawn.append(time.perf_counter()), (), "WINDOW", "POST_PIXEL")
    bpy.app.timers.register(draw_always)
    after(2, begin)


def begin() -> None:
    drawn.clear()
    after(IDLE, idle)


def gaps(name: str) -> None:
    """Keep the gaps since the last time, in milliseconds."""
    between = sorted(1000 * (later - earlier) for earlier, later in pairwise(drawn))
    measured[name] = {
        "longest": round(between[-1], 1),
        "99%": round(between[int(0.99 * len(between))], 1),
        "median": round(between[len(between) // 2], 1),
        "drawings": len(drawn),
        "seconds": round(drawn[-1] - drawn[0], 1),
    }
    drawn.clear()


def idle() -> None:
    gaps("idle")
    convert()
    after(1, watch)


def convert() -> None:
    area = editor()
    region = next(region for region in area.regions if region.type == "WINDOW")
    window = bpy.context.window_manager.windows[0]
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.ldr_to_hdri.convert("INVOKE_DEFAULT", filepath=PHOTO, world="NEW", overwrite=True)


def queue():
    return __import__(f"{MODULE}.operators.task_queue", fromlist=["tasks"])


def watch() -> None:
    if queue().tasks():
        after(0.5, watch)
        return
    gaps("converting")
    image = next(image for image in bpy.data.images if image.name.endswith("_hdri.exr"))
    measured["image"] = list(image.size)
    convert()
    after(8, escape)


def escape() -> None:
    (task,) = queue().tasks()
    measured["stopped at"] = task.progress[1]
    x, y = editor().x + editor().width // 2, 450
    subprocess.run(["xdotool", "mousemove", str(x), str(y)], check=True)
    after(0.5, lambda: press(time.perf_counter()))


def press(_: float) -> None:
    began = time.perf_counter()
    subprocess.Popen(["xdotool", "key", "Escape"])
    after(0.0, lambda: stopped(began))


def stopped(began: float) -> None:
    if queue().tasks():
        if time.perf_counter() - began < 10:
            after(0.005, lambda: stopped(began))
            return
        measured["milliseconds to stop"] = None
    else:
        measured["milliseconds to stop"] = round(1000 * (time.perf_counter() - began))
    gaps("stopping")
    RESULT.write_text(json.dumps(measured, indent=1) + "\n")
    bpy.ops.wm.quit_blender()


after(3, start)
