"""What is tested in a window: run by windows.py, which also sets PYTHON and PICTURES; see window_steps.py."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

from window_driver import MODULE, Pauses, area, extension, in_area, show_sidebar
from window_drop import a_photo_is_dropped
from window_edits import EDITS, picture
from window_files import append_link_and_override
from window_looks import three_languages_at_twice_the_size
from window_steps import PHOTO, a_conversion_lights_the_world, held, show_preferences, tell, the_extension_is_installed

PYTHON = os.environ["PYTHON"]
bpy.context.preferences.view.show_splash = False  # before Blender opens it


def session() -> Pauses:
    yield from the_extension_is_installed()
    bpy.context.preferences.addons[MODULE].preferences.python = PYTHON
    for check in (
        the_button_needs_online_access,
        a_conversion_lights_the_world,
        *EDITS,
        append_link_and_override,
        a_photo_is_dropped,
        three_languages_at_twice_the_size,
        esc_stops_one,
    ):
        yield from check(PHOTO)
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


def esc_stops_one(_photo: Path) -> Pauses:
    """By the operator that the panel's button runs: a window without a user gets no keys."""
    copy = Path(shutil.copy(PHOTO, PHOTO.with_name("stopped.jpg")))
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
    yield from show_preferences()
    picture("panels")


def it_goes() -> Pauses:
    bpy.ops.preferences.addon_disable(module=MODULE)
    assert not [name for name in dir(bpy.types) if "ldr_to_hdri" in name]
    bpy.ops.preferences.addon_enable(module=MODULE)
    yield 1


def blender_is_closed_meanwhile() -> Pauses:
    """Last; windows.py looks whether the worker, whose number is held, ends with it, and whether nothing is left."""
    bpy.context.preferences.addons[MODULE].preferences.python = PYTHON  # gone with the add-on
    closed = Path(shutil.copy(PHOTO, PHOTO.with_name("closed.jpg")))
    with in_area("VIEW_3D"):
        bpy.ops.ldr_to_hdri.convert("INVOKE_DEFAULT", filepath=str(closed))
    while not extension("operators.task_queue").running().progress[1]:
        yield 0.1
    held(f"worker {extension('operators.worker_session').worker().pid}")
    held("all done")
    bpy.ops.wm.quit_blender()
    yield 60
    raise AssertionError("Blender did not close")


tell(session())
