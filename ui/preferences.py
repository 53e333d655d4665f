"""The extension's preferences: each section is a method, and a box."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.translations import pgettext_iface as iface_
from bpy.props import EnumProperty, IntProperty, StringProperty

from ..hdr_core.errors import HdrError, RuntimeMissingError
from ..hdr_core.inspection import Runtime
from ..operators import runtime, task_queue
from ..operators.choices import BLEND_RELATIVE, COMPRESSION, DESTINATION, DEVICE, FOLDER
from ..operators.runtime import LDR_TO_HDRI_OT_test_runtime
from .facts_table import draw_table
from .runtime_box import draw_runtime_box
from .wrapped import draw_wrapped

_TEST_BUTTON = 160  # pixels


def _changed(_preferences: bpy.types.AddonPreferences, _context: bpy.types.Context) -> None:
    runtime.forget()


class LdrToHdriPreferences(bpy.types.AddonPreferences):
    bl_idname = __package__.rpartition(".")[0]

    python: StringProperty(
        name="Python",
        description="Python 3.11 or newer that has torch, OpenEXR, pyvips and safetensors; the network runs in it. "
        "Empty: the one that the environment variable LDR_TO_HDRI_PYTHON names, else Blender's own",
        subtype="FILE_PATH",
        update=_changed,
    )
    device: EnumProperty(**DEVICE, default="AUTO", update=_changed)
    budget: IntProperty(
        name="Memory Budget",
        description="Memory of the GPU that a conversion may take, in MiB. 0: as much as is free",
        min=0,
        max=1 << 20,
        soft_max=65536,
        step=256,
        default=0,
    )
    destination: EnumProperty(**DESTINATION, default="SOURCE")
    folder: StringProperty(**FOLDER, options=BLEND_RELATIVE)
    compression: EnumProperty(**COMPRESSION, default="ZIP")

    def draw(self, _context: bpy.types.Context) -> None:
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        self._draw_runtime(self.layout.box())
        self._draw_files(self.layout.box())

    def _draw_runtime(self, layout: Any) -> None:
        layout.label(text="The Network", icon="SYSTEM")
        draw_runtime_box(layout)
        layout.prop(self, "python")
        layout.prop(self, "device")
        layout.prop(self, "budget", text="Memory Budget (MiB)")
        state = layout.column()
        row = state.row()
        draw_wrapped(row.column(align=True), _state(), icon=_icon(), indent=_TEST_BUTTON)
        test = row.row()
        test.enabled = not _is_testing()
        test.scale_x = 0.6
        test.operator(LDR_TO_HDRI_OT_test_runtime.bl_idname, icon="PLAY")
        known = runtime.known()
        if isinstance(known, Runtime):
            _draw_found(state, known)
        elif known is not None:
            draw_wrapped(state, known.next_step)
            if self.python and isinstance(known, RuntimeMissingError):  # the button is shown for Blender's own only
                other = iface_(
                    "Or clear Python above: Blender's own takes its place, and Install Runtime appears where it needs that"
                )
                draw_wrapped(state, other)

    def _draw_files(self, layout: Any) -> None:
        layout.label(text="Converted Files", icon="FILE_FOLDER")
        layout.prop(self, "destination")
        if self.destination == "FOLDER":
            layout.prop(self, "folder")
        layout.prop(self, "compression")


def _is_testing() -> bool:
    return any(isinstance(task, runtime.TestTask) for task in task_queue.pending())


def _icon() -> str:
    if _is_testing():
        return "SORTTIME"
    known = runtime.known()
    return "QUESTION" if known is None else "CHECKMARK" if isinstance(known, Runtime) else "ERROR"


def _state() -> str:
    known = runtime.known()
    if _is_testing():
        return iface_("Testing…")
    if known is None:
        return iface_("Not tested yet: press Test to see what the network runs on")
    if isinstance(known, HdrError):
        return known.problem
    return iface_("The network runs on {}").format(known.devices.get(known.device, known.device))


def _draw_found(layout: Any, found: Runtime) -> None:
    versions = ", ".join(f"{name} {version}" for name, version in found.packages.items())
    devices = "; ".join(f"{name}: {what}" for name, what in sorted(found.devices.items()))
    lines = (
        (iface_("Devices"), devices),
        (iface_("Packages"), versions),
        ("Python", f"{found.python}, {found.executable}"),
        ("torch", found.torch_folder),
        (iface_("A small picture took"), f"{found.seconds:.2f} s"),
    )
    draw_table(layout, lines, names=0.4)  # as wide as the names of properties are in Preferences
