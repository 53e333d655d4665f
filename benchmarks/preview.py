"""How long a user waits for a preview: from the operator's call until its picture is drawn. Runs in a window of Blender.

    PHOTOS=small.jpg:big.jpg RESULT=preview.json LDR_TO_HDRI_PYTHON=... blender --factory-startup --python benchmarks/preview.py

The extension must be installed. First the worker loads what it needs, as it does while the user chooses a photo in the dialog;
then every photo is previewed TIMES times (5). And as often while a Text Editor is drawn again and again, which takes time of
the processor itself: how long a gap between two drawings was, and how much of it Blender's main thread computed, tells how live
the window stayed.
Writes its figures into RESULT, JSON; benchmarks/window.md keeps them. Blender ends with it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator, Iterator
from itertools import pairwise
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from window_driver import area, extension, in_area, run

PHOTOS, RESULT = os.environ["PHOTOS"].split(os.pathsep), Path(os.environ["RESULT"])
TIMES = int(os.environ.get("TIMES", "5"))
LONGEST = 120.0  # seconds
drawn: list[float] = []
seen: list[object] = [None]
drawing = False
ticks: list[tuple[float, float]] = []  # when the Text Editor was drawn, and what the thread had computed by then


def note_drawing() -> None:
    """When an Image Editor was drawn with a preview in it that had not been drawn before."""
    shown = extension("operators.preview_job").shown()
    if bpy.context.space_data.image is not None and shown is not seen[-1]:
        seen.append(shown)
        drawn.append(time.perf_counter())


def draw_always() -> float:
    if drawing:
        area("TEXT_EDITOR").tag_redraw()
    return 0.02


def longest(number: int) -> int:
    """Of the gaps, in milliseconds: 0, by the clock; 1, computed in it."""
    return round(1000 * max((later[number] - earlier[number] for earlier, later in pairwise(ticks)), default=0.0))


def previewed(photo: str) -> Generator[float, None, list[tuple[float, float, int, int]]]:
    """TIMES times: (seconds until it was drawn, of these in the call, the longest gap, the most computed in one)."""
    measured = []
    for _ in range(TIMES):
        drawn.clear()
        ticks.clear()
        yield 0.5
        began = time.perf_counter()
        with in_area("IMAGE_EDITOR"):
            bpy.ops.ldr_to_hdri.preview("INVOKE_DEFAULT", filepath=photo)
        returned = time.perf_counter()
        while not drawn:
            assert time.perf_counter() - began < LONGEST, "no preview"
            yield 0.2  # the time is taken where it is drawn
        yield 2
        measured.append((drawn[0] - began, returned - began, longest(0), longest(1)))
    return measured


def measure() -> Iterator[float]:
    global drawing  # noqa: PLW0603
    area("VIEW_3D").type = "IMAGE_EDITOR"
    area("DOPESHEET_EDITOR").type = "TEXT_EDITOR"
    bpy.types.SpaceTextEditor.draw_handler_add(
        lambda: ticks.append((time.perf_counter(), time.thread_time())), (), "WINDOW", "POST_PIXEL"
    )
    bpy.app.timers.register(draw_always)
    bpy.types.SpaceImageEditor.draw_handler_add(note_drawing, (), "WINDOW", "POST_PIXEL")
    extension("operators.preview_job").load()
    while extension("operators.worker_session").worker().busy:
        yield 0.1
    yield 2
    measured: dict[str, object] = {"blender": bpy.app.version_string, "processors": os.cpu_count()}
    for photo in PHOTOS:
        waits = yield from previewed(photo)
        worked = extension("operators.preview_job").shown().made.seconds
        drawing = True
        gaps = yield from previewed(photo)
        drawing = False
        measured[Path(photo).name] = {
            "seconds until it is drawn": [round(wait, 2) for wait, *_ in waits],
            "of these, in the call": [round(call, 2) for _, call, *_ in waits],
            "of the last, in the worker": round(worked, 2),
            "longest gap between drawings, ms": [gap for *_, gap, _ in gaps],
            "most that was computed in one, ms": [computed for *_, computed in gaps],
        }
    RESULT.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    bpy.ops.wm.quit_blender()


run(measure(), RESULT.with_suffix(".failed"))
