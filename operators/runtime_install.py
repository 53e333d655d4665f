"""The operators that install and remove the runtime: PyTorch and the rest, in the extension's own user folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar, cast

import bpy
from bpy.props import EnumProperty

from ..hdr_core.client import find_python
from ..hdr_core.errors import Cancelled, HdrError, RuntimeInstallError
from ..hdr_core.runtime_install import Installation, remove_runtime
from ..hdr_core.runtime_wheels import Variant, read_lock, this_target, total_size
from ..hdr_core.settings import Progress
from . import runtime, task_queue
from .display import redraw
from .runtime_folder import runtime_folder
from .worker_session import close_worker

_under_way: Installation | None = None


def download_size(variant: Variant = "auto") -> int:
    """Bytes that installing downloads. Raises RuntimeMissingError where there is nothing for this system."""
    return total_size(read_lock()[this_target(variant)])


def under_way() -> Installation | None:
    """The installation that runs, if any."""
    return _under_way


def start(variant: Variant = "auto") -> Installation:
    """Begin to install for Blender's own Python, which is read and never written. Returns at once.

    Raises RuntimeInstallError where that cannot be, with what to do.
    """
    global _under_way  # noqa: PLW0603
    if _under_way is not None:
        raise RuntimeInstallError("The runtime is being installed already.", "Wait for its end, or press Esc to stop it.")
    if task_queue.pending():
        raise RuntimeInstallError("A conversion is under way.", "Wait for its end, or cancel it, then install.")
    if not bpy.app.online_access:
        raise RuntimeInstallError(
            "Blender may not use the internet.",
            "Turn on Preferences > System > Network > Allow Online Access (or --online-mode), or use the full zip.",
        )
    target = this_target(variant)
    if find_python() != Path(sys.executable):
        raise RuntimeInstallError(
            "The variable LDR_TO_HDRI_PYTHON names another Python, so this runtime would not be used.",
            "Unset it and start Blender again, or install the packages in that Python.",
        )
    close_worker()  # it may hold the files of the one before
    _under_way = Installation(Path(sys.executable), runtime_folder(), target=target)
    return _under_way


def finish(installation: Installation, on_progress: Progress | None = None) -> Path:
    """Wait for the end of it; the folder of the packages. Raises the HdrError of its failure."""
    global _under_way  # noqa: PLW0603
    try:
        return installation.wait(on_progress)
    finally:
        _under_way = None
        runtime.forget()  # what was found out before no longer holds


def abort() -> None:
    """Stop what is under way, if anything. Safe to call at any time."""
    global _under_way
    if _under_way is not None:
        ended, _under_way = _under_way, None
        ended.cancel()


class LDR_TO_HDRI_OT_install_runtime(bpy.types.Operator):
    """Download PyTorch and what else the network needs, and put it into the extension's own folder"""

    bl_idname = "ldr_to_hdri.install_runtime"
    bl_label = "Install Runtime"
    bl_options: ClassVar[set[str]] = {"REGISTER"}

    variant: EnumProperty(
        name="Variant",
        description="What PyTorch is built for",
        items=(
            ("AUTO", "Automatic", "For the GPU where there is an NVIDIA driver and a build for it, else for the CPU"),
            ("CPU", "CPU", "The small one; on a Mac it uses the GPU, too"),
            ("CUDA", "CUDA", "For NVIDIA GPUs; it runs without one, too. Several gigabytes"),
        ),
        default="AUTO",
    )

    _installation: Installation | None = None
    _timer: bpy.types.Timer | None = None

    @classmethod
    def description(cls, _context: bpy.types.Context, _properties: bpy.types.OperatorProperties) -> str:
        try:
            return f"{cls.__doc__}. {download_size() / 1e6:,.0f} MB to download"
        except HdrError as error:
            return str(error)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        try:
            self._installation = start(cast(Variant, self.variant.lower()))
        except HdrError as error:
            return self._give_up(error)
        self._timer = context.window_manager.event_timer_add(0.2, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        try:
            return self._finish(start(cast(Variant, self.variant.lower())))
        except HdrError as error:
            return self._give_up(error)

    def modal(self, _context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type == "ESC":
            abort()
        installation = self._installation
        if installation is None or under_way() is not installation:
            return self._give_up(Cancelled("The installation was stopped.", "What is complete is kept for the next try."))
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if installation.poll():
            return self._finish(installation)
        bpy.context.workspace.status_text_set(f"LDR to HDRI: {installation.stage}, {installation.fraction:.0%}   (Esc stops)")
        redraw()
        return {"PASS_THROUGH"}

    def cancel(self, _context: bpy.types.Context) -> None:
        abort()

    def _finish(self, installation: Installation) -> set[str]:
        try:
            folder = finish(installation)
        except HdrError as error:
            return self._give_up(error)
        self._end_display()
        self.report({"INFO"}, f"The runtime is installed, and was seen to work: {folder}")
        return {"FINISHED"}

    def _give_up(self, error: HdrError) -> set[str]:
        self._end_display()
        self.report({"WARNING" if isinstance(error, Cancelled) else "ERROR"}, str(error))
        return {"CANCELLED"}

    def _end_display(self) -> None:
        if self._timer is not None:
            bpy.context.window_manager.event_timer_remove(self._timer)
            self._timer = None
            for workspace in bpy.data.workspaces:  # the user may have changed to another one meanwhile
                workspace.status_text_set(None)
            redraw()


class LDR_TO_HDRI_OT_remove_runtime(bpy.types.Operator):
    """Remove the PyTorch that this extension installed"""

    bl_idname = "ldr_to_hdri.remove_runtime"
    bl_label = "Remove Runtime"
    bl_options: ClassVar[set[str]] = {"REGISTER"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        try:
            freed = remove()
        except HdrError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"The runtime is removed; {freed / 1e6:,.0f} MB are free again")
        return {"FINISHED"}


def remove() -> int:
    """Remove the runtime, and return the bytes freed. Raises RuntimeInstallError where something resists."""
    if task_queue.pending():
        raise RuntimeInstallError("A conversion is under way.", "Wait for its end, or cancel it, then remove the runtime.")
    abort()
    close_worker()
    runtime.forget()
    return remove_runtime(runtime_folder())
