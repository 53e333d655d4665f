"""What `windows.py --install` tests in a window; it sets ARCHIVE, PHOTO, RESULT and READY.

The button installs the runtime first, over the network, and removes it at the end.
RESULT gets a line for each check that held, and last "all done", or what failed.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
import traceback
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

from window_driver import MODULE, Pauses, area, region, run, window

ARCHIVE, PHOTO = (os.environ[name] for name in ("ARCHIVE", "PHOTO"))
RESULT, READY = (Path(os.environ[name]) for name in ("RESULT", "READY"))
STOPS_AT = 30_000_000  # bytes of a package
LONGEST = 300  # seconds until a conversion must be over, on a slow machine with a window in software


def held(what: str) -> None:
    with RESULT.open("a", encoding="utf-8") as file:
        file.write(f"{what}\n")


def session() -> Pauses:
    held(f"Blender {bpy.app.version_string}, Python {sys.version.split()[0]}")
    bpy.context.preferences.view.show_splash = False
    bpy.ops.extensions.package_install_files(repo="user_default", filepath=ARCHIVE, enable_on_install=True)
    assert MODULE in bpy.context.preferences.addons
    held("installed and enabled")
    bpy.context.scene.render.engine = "CYCLES"  # EEVEE compiles its shaders for minutes in software
    yield 1
    for check in (the_button_installs, a_conversion_lights_the_world, the_button_removes):
        yield from check()
        held(check.__name__.replace("_", " "))
    held("all done")


def the_button_installs() -> Pauses:
    """Stopped in the middle of a large package, and pressed again."""
    installer = importlib.import_module(f"{MODULE}.operators.runtime_install")
    folder = importlib.import_module(f"{MODULE}.operators.runtime_folder").runtime_folder()
    bpy.context.preferences.system.use_online_access = True
    began, longest, stopped_at = time.monotonic(), 0.0, 0
    yield from show_preferences()
    _press_install()
    while (running := installer.under_way()) is not None:
        last = time.monotonic()
        yield 0.05
        longest = max(longest, time.monotonic() - last)
        arrived = sum(path.stat().st_size for path in folder.glob("*.part/wheels/*.partial"))
        if not stopped_at and arrived > STOPS_AT:
            bpy.ops.ldr_to_hdri.stop_installation()
            yield 1
            stopped_at = max(path.stat().st_size for path in folder.glob("*.part/wheels/*.partial"))
            held(f"stopped in {running.stage!r}, with {stopped_at:,} bytes of a package there")
            _press_install()
            yield 4
            kept = max(path.stat().st_size for path in folder.glob("*.part/wheels/*") if path.is_file())
            assert kept >= stopped_at, "it began anew"
    assert installer.failure() is None, str(installer.failure())
    assert stopped_at, "it was over too soon to be stopped"
    installed = [path.name for path in folder.iterdir()]
    held(f"{installed} in {time.monotonic() - began:.0f} s; the window's longest pause meanwhile: {longest:.2f} s")


def _press_install() -> None:
    with in_viewport():
        assert bpy.ops.ldr_to_hdri.install_runtime("INVOKE_DEFAULT") == {"FINISHED"}


def the_button_removes() -> Pauses:
    folder = importlib.import_module(f"{MODULE}.operators.runtime_folder").runtime_folder()
    with in_viewport():
        assert bpy.ops.ldr_to_hdri.remove_runtime() == {"FINISHED"}
    assert not folder.exists()
    yield 1


def a_conversion_lights_the_world() -> Pauses:
    before, longest = bpy.context.scene.world, 0.0
    with in_viewport():
        assert bpy.ops.ldr_to_hdri.convert("INVOKE_DEFAULT", filepath=PHOTO) == {"RUNNING_MODAL"}
    until = last = time.monotonic()
    until += LONGEST
    while bpy.context.scene.world == before:
        assert time.monotonic() < until, "it does not end"
        yield 0.02
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert Path(PHOTO).with_name(f"{Path(PHOTO).stem}_hdri.exr").is_file()
    held(f"the window's longest pause meanwhile: {longest:.2f} s")


def show_preferences() -> Pauses:
    area("OUTLINER").type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "LDR to HDRI"
    yield 1
    with bpy.context.temp_override(window=window(), area=area("PREFERENCES")):
        bpy.ops.preferences.addon_expand(module=MODULE)
    yield 2


def in_viewport():
    return bpy.context.temp_override(window=window(), area=area("VIEW_3D"), region=region("VIEW_3D"))


def reported(steps: Pauses) -> Pauses:
    try:
        yield from steps
    except Exception:
        held(traceback.format_exc())
        raise


run(reported(session()), READY)
