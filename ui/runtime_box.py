"""What the network runs on: installed by a button, in the preferences and, while it is missing, in the panels."""

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
from ..operators.worker_session import torch_is_missing
from .wrapped import draw_wrapped

_EXTENSION = __package__.rpartition(".")[0]


def draw_runtime_box(layout: Any) -> None:
    """For the preferences: the state of the runtime, and the button that changes it; nothing where another Python has one."""
    installed = installed_runtime(runtime_folder())
    if under_way() is None and failure() is None and installed is None and not torch_is_missing():
        return
    box = layout.box()
    if _draw_progress(box):
        return
    if installed is not None:
        row = box.row()
        row.label(text=iface_("Runtime installed: {}").format(installed.name), icon="CHECKMARK", translate=False)
        row.operator(LDR_TO_HDRI_OT_remove_runtime.bl_idname, text="Remove", icon="TRASH")
        return
    _draw_install(box)


def draw_missing_runtime(layout: Any) -> None:
    """For the panels: what to do before the first photo; nothing where all is there."""
    if under_way() is None and not torch_is_missing():
        return
    box = layout.box().column()
    if _draw_progress(box):
        return
    _draw_install(box)
    box.operator("preferences.addon_show", text="Other Ways: Preferences…", icon="PREFERENCES").module = _EXTENSION


def _draw_progress(layout: Any) -> bool:
    """Of an installation that runs; False where none does."""
    running = under_way()
    if running is not None:
        row = layout.row()
        row.progress(factor=running.fraction, text=f"{running.stage}, {running.fraction:.0%}")
        row.operator(LDR_TO_HDRI_OT_stop_installation.bl_idname, text="", icon="X")
    return running is not None


def _draw_install(layout: Any) -> None:
    try:
        size = f"{download_size() / 1e6:,.0f} MB"
    except HdrError as error:
        draw_wrapped(layout, error.problem, icon="INFO")
        return
    draw_wrapped(layout, iface_("The network needs PyTorch: {} to download, once").format(size), icon="INFO")
    button = layout.row()
    button.enabled = bpy.app.online_access
    button.operator(LDR_TO_HDRI_OT_install_runtime.bl_idname, icon="IMPORT")
    if not bpy.app.online_access:
        draw_wrapped(layout, iface_("Turn on System > Network > Allow Online Access first"), icon="INTERNET_OFFLINE")
    if (failed := failure()) is not None:
        draw_wrapped(layout, str(failed), icon="ERROR")
