"""Steps that window_session.py and window_install.py share. windows.py sets ARCHIVE, PHOTO, RESULT and READY.

RESULT gets a line for each check that held, and last "all done", or what failed.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path

import addon_utils
import bpy
from window_driver import MODULE, Pauses, area, in_area, run, window

PHOTO = Path(os.environ["PHOTO"])
RESULT = Path(os.environ["RESULT"])
LONGEST = 300  # seconds until a conversion must be over, on a slow machine with a window in software


def held(what: str) -> None:
    with RESULT.open("a", encoding="utf-8") as file:
        file.write(f"{what}\n")


def tell(steps: Pauses) -> None:
    """Go through the steps; what fails is told in RESULT."""
    run(_reported(steps), Path(os.environ["READY"]))


def _reported(steps: Pauses) -> Pauses:
    try:
        yield from steps
    except Exception:
        held(traceback.format_exc())
        raise


def the_extension_is_installed() -> Pauses:
    held(f"Blender {bpy.app.version_string}, Python {sys.version.split()[0]}")
    bpy.ops.extensions.package_install_files(repo="user_default", filepath=os.environ["ARCHIVE"], enable_on_install=True)
    assert MODULE in bpy.context.preferences.addons
    held("installed and enabled")
    bpy.context.scene.render.engine = "CYCLES"  # EEVEE compiles its shaders for minutes in software
    yield 1


def a_conversion_lights_the_world(photo: Path = PHOTO) -> Pauses:
    before, longest = bpy.context.scene.world, 0.0
    with in_area("VIEW_3D"):
        assert bpy.ops.ldr_to_hdri.convert("INVOKE_DEFAULT", filepath=str(photo)) == {"RUNNING_MODAL"}
    until = last = time.monotonic()
    until += LONGEST
    while bpy.context.scene.world == before:
        assert time.monotonic() < until, "it does not end"
        yield 0.02
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert photo.with_name(f"{photo.stem}_hdri.exr").is_file()
    held(f"the window's longest pause meanwhile: {longest:.2f} s")


def show_preferences() -> Pauses:
    """Ours, in place of the outliner."""
    area("OUTLINER").type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "LDR to HDRI"
    yield 1
    if not addon_utils.module_bl_info(sys.modules[MODULE])["show_expanded"]:  # the operator would close it
        with bpy.context.temp_override(window=window(), area=area("PREFERENCES")):
            bpy.ops.preferences.addon_expand(module=MODULE)
    yield 2
