"""In the preferences: what the network runs on, installed by a button."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..hdr_core.errors import HdrError
from ..hdr_core.runtime_install import installed_runtime
from ..operators.runtime_folder import runtime_folder
from ..operators.runtime_install import (
    LDR_TO_HDRI_OT_install_runtime,
    LDR_TO_HDRI_OT_remove_runtime,
    LDR_TO_HDRI_OT_stop_installation,
    download_size,
    failure,
    under_way,
)
from .wrapped import draw_wrapped


def draw_runtime_box(layout: Any) -> None:
    """The state of the runtime, and the button that changes it."""
    box = layout.box()
    running = under_way()
    if running is not None:
        row = box.row()
        row.progress(factor=running.fraction, text=f"{running.stage}, {running.fraction:.0%}")
        row.operator(LDR_TO_HDRI_OT_stop_installation.bl_idname, text="", icon="X")
        return
    installed = installed_runtime(runtime_folder())
    row = box.row()
    if installed is not None:
        row.label(text=iface_("Runtime installed: {}").format(installed.name), icon="CHECKMARK", translate=False)
        row.operator(LDR_TO_HDRI_OT_remove_runtime.bl_idname, text="Remove", icon="TRASH")
        return
    try:
        size = f"{download_size() / 1e6:,.0f} MB"
    except HdrError as error:
        draw_wrapped(box, error.problem, icon="INFO")
        return
    row.label(text=iface_("PyTorch for Blender's own Python: {} to download").format(size), translate=False)
    button = row.row()
    button.enabled = bpy.app.online_access
    button.operator(LDR_TO_HDRI_OT_install_runtime.bl_idname, icon="IMPORT")
    if not bpy.app.online_access:
        box.label(text="Turn on System > Network > Allow Online Access first", icon="INTERNET_OFFLINE")
    if (failed := failure()) is not None:
        draw_wrapped(box, str(failed), icon="ERROR")
