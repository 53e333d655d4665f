"""What is tested in a window: run by windows.py, which sets ARCHIVE, PHOTO, PYTHON, PICTURES, RESULT and READY.

RESULT gets a line for each check that held, and last "all done", or what failed.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import traceback
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

from window_driver import MODULE, Pauses, area, extension, in_area, run, show_sidebar, window
from window_edits import EDITS, LONGEST, picture
from window_files import append_link_and_override
from window_looks import three_languages_at_twice_the_size

ARCHIVE, PHOTO, PYTHON = (os.environ[name] for name in ("ARCHIVE", "PHOTO", "PYTHON"))
RESULT, READY = (Path(os.environ[name]) for name in ("RESULT", "READY"))
bpy.context.preferences.view.show_splash = False  # before Blender opens it


def held(what: str) -> None:
    with RESULT.open("a", encoding="utf-8") as file:
        file.write(f"{what}\n")


def session() -> Pauses:
    held(f"Blender {bpy.app.version_string}, Python {sys.version.split()[0]}")
    bpy.ops.extensions.package_install_files(repo="user_default", filepath=ARCHIVE, enable_on_install=True)
    assert MODULE in bpy.context.preferences.addons
    held("installed and enabled")
    bpy.context.preferences.addons[MODULE].preferences.python = PYTHON
    bpy.context.scene.render.engine = "CYCLES"  # EEVEE compiles its shaders for minutes in software
    yield 1
    for check in (
        the_button_needs_online_access,
        a_conversion_lights_the_world,
        *EDITS,
        append_link_and_override,
        three_languages_at_twice_the_size,
        esc_stops_one,
    ):
        yield from check(Path(PHOTO))
        held(check.__name__.replace("_", " "))
    for check in (panels_are_drawn, it_goes, blender_is_closed_meanwhile):
        yield from check()
        held(check.__name__.replace("_", " "))


def the_button_needs_online_access(_photo: Path) -> Pauses:
    """Pressed as a user presses it, in the window."""
    bpy.context.preferences.system.use_online_access = False
    with in_area("VIEW_3D"):
        said = ""
        try:
            bpy.ops.ldr_to_hdri.install_runtime("INVOKE_DEFAULT")
        except RuntimeError as error:
            said = str(error)
    assert "Allow Online Access" in said, said
    yield 0.5


def a_conversion_lights_the_world(_photo: Path) -> Pauses:
    before, longest = bpy.context.scene.world, 0.0
    with in_area("VIEW_3D"):
        assert bpy.ops.ldr_to_hdri.convert("INVOKE_DEFAULT", filepath=PHOTO) == {"RUNNING_MODAL"}
    until = last = time.monotonic()
    until += LONGEST
    while bpy.context.scene.world == before:
        assert time.monotonic() < until, "it does not end"
        yield 0.02
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert Path(PHOTO).with_name(f"{Path(PHOTO).stem}_hdri.exr").is_file()
    held(f"the window's longest pause meanwhile: {longest:.2f} s")


def esc_stops_one(_photo: Path) -> Pauses:
    """By the operator that the panel's button runs: a window without a user gets no keys."""
    copy = Path(shutil.copy(PHOTO, Path(PHOTO).with_name("stopped.jpg")))
    with in_area("VIEW_3D"):
        bpy.ops.ldr_to_hdri.convert("INVOKE_DEFAULT", filepath=str(copy))
    yield 1
    with in_area("VIEW_3D"):
        bpy.ops.ldr_to_hdri.cancel()
    yield 2
    assert not copy.with_name("stopped_hdri.exr").exists()
    assert [path.name for path in copy.parent.iterdir() if path.name.startswith(".")] == []


def panels_are_drawn() -> Pauses:
    area("PROPERTIES").spaces.active.context = "WORLD"
    yield from show_sidebar("VIEW_3D")
    area("OUTLINER").type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "LDR to HDRI"
    yield 1
    with bpy.context.temp_override(window=window(), area=area("PREFERENCES")):
        bpy.ops.preferences.addon_expand(module=MODULE)
    yield 2
    picture("panels")


def it_goes() -> Pauses:
    bpy.ops.preferences.addon_disable(module=MODULE)
    assert not [name for name in dir(bpy.types) if "ldr_to_hdri" in name]
    bpy.ops.preferences.addon_enable(module=MODULE)
    yield 1


def blender_is_closed_meanwhile() -> Pauses:
    """Last; windows.py looks whether the worker, whose number is held, ends with it, and whether nothing is left."""
    bpy.context.preferences.addons[MODULE].preferences.python = PYTHON  # gone with the add-on
    closed = Path(shutil.copy(PHOTO, Path(PHOTO).with_name("closed.jpg")))
    with in_area("VIEW_3D"):
        bpy.ops.ldr_to_hdri.convert("INVOKE_DEFAULT", filepath=str(closed))
    while not extension("operators.task_queue").running().progress[1]:
        yield 0.1
    held(f"worker {extension('operators.worker_session').worker().pid}")
    held("all done")
    bpy.ops.wm.quit_blender()
    yield 60
    raise AssertionError("Blender did not close")


def reported(steps: Pauses) -> Pauses:
    try:
        yield from steps
    except Exception:
        held(traceback.format_exc())
        raise


run(reported(session()), READY)
