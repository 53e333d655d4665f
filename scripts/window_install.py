"""What `windows.py --install` tests in a window; see window_steps.py.

The button installs the runtime first, over the network, and removes it at the end.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

from window_driver import Pauses, extension, in_area
from window_steps import a_conversion_lights_the_world, held, show_preferences, tell, the_extension_is_installed

os.environ.pop("LDR_TO_HDRI_PYTHON", None)  # make names one; here the runtime that is installed must convert
bpy.context.preferences.view.show_splash = False  # before Blender opens it
STOPS_AT = 30_000_000  # bytes of a package


def session() -> Pauses:
    yield from the_extension_is_installed()
    for check in (the_button_installs, a_conversion_lights_the_world, the_button_removes):
        yield from check()
        held(check.__name__.replace("_", " "))
    held("all done")


def the_button_installs() -> Pauses:
    """Stopped in the middle of a large package, and pressed again."""
    installer = extension("operators.runtime_install")
    folder = extension("operators.runtime_folder").runtime_folder()
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
    with in_area("VIEW_3D"):
        assert bpy.ops.ldr_to_hdri.install_runtime("INVOKE_DEFAULT") == {"FINISHED"}


def the_button_removes() -> Pauses:
    folder = extension("operators.runtime_folder").runtime_folder()
    with in_area("VIEW_3D"):
        assert bpy.ops.ldr_to_hdri.remove_runtime() == {"FINISHED"}
    assert not folder.exists()
    yield 1


tell(session())
