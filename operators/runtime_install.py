"""The operators that install and remove the runtime: PyTorch and the rest, in the extension's own user folder."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, cast

import bpy
from bpy.props import EnumProperty

from ..hdr_core.errors import Cancelled, HdrError, RuntimeInstallError
from ..hdr_core.runtime_install import Installation, remove_runtime
from ..hdr_core.runtime_wheels import Variant, read_lock, this_target, total_size
from ..hdr_core.settings import Progress
from ..hdr_core.worker_process import find_python
from . import reports, runtime, task_queue
from .display import redraw
from .runtime_folder import runtime_folder
from .worker_session import close_worker

_TICK = 0.2  # seconds
_under_way: Installation | None = None
_failure: HdrError | None = None


def download_size(variant: Variant = "auto") -> int:
    """Bytes that installing downloads. Raises RuntimeMissingError where there is nothing for this system."""
    return total_size(read_lock()[this_target(variant)])


def under_way() -> Installation | None:
    """The installation that runs, if any."""
    return _under_way


def failure() -> HdrError | None:
    """Why the last installation failed; None where it did not, or was stopped."""
    return _failure


def start(variant: Variant = "auto") -> Installation:
    """Begin to install for Blender's own Python, which is read and never written. Returns at once.

    Raises RuntimeInstallError where that cannot be, with what to do.
    """
    global _under_way, _failure  # noqa: PLW0603
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
    _failure = None
    _under_way = Installation(Path(sys.executable), runtime_folder(), target=target)
    return _under_way


def finish(installation: Installation, on_progress: Progress | None = None) -> Path:
    """Wait for the end of it; the folder of the packages. Raises the HdrError of its failure."""
    global _under_way, _failure  # noqa: PLW0603
    try:
        return installation.wait(on_progress)
    except Cancelled:
        raise
    except HdrError as error:
        _failure = error
        raise
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

    @classmethod
    def description(cls, _context: bpy.types.Context, _properties: bpy.types.OperatorProperties) -> str:
        try:
            return f"{cls.__doc__}. {download_size() / 1e6:,.0f} MB to download"
        except HdrError as error:
            return str(error)

    def invoke(self, _context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """It goes on by itself: the preferences often have a window of their own, which is closed meanwhile."""
        try:
            start(cast(Variant, self.variant.lower()))
        except HdrError as error:
            return self._give_up(error)
        bpy.app.timers.register(_go_on, first_interval=_TICK, persistent=True)
        return {"FINISHED"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        try:
            folder = finish(start(cast(Variant, self.variant.lower())))
        except HdrError as error:
            return self._give_up(error)
        self.report({"INFO"}, reports.installed(folder))
        return {"FINISHED"}

    def _give_up(self, error: HdrError) -> set[str]:
        self.report({"ERROR"}, str(error))
        return {"CANCELLED"}


def _go_on() -> float | None:
    """Called by Blender's timers; returns the seconds until the next time, None for the end."""
    installation = _under_way
    if installation is not None and not installation.poll():
        _show(f"LDR to HDRI: {installation.stage}, {installation.fraction:.0%}")
        return _TICK
    if installation is not None:
        with suppress(HdrError):  # `failure` tells the panel
            finish(installation)
    _show(None)
    return None


def _show(text: str | None) -> None:
    """In the status bar of every window; None: what Blender shows there."""
    for window in bpy.context.window_manager.windows:
        window.workspace.status_text_set(text)
    redraw()


class LDR_TO_HDRI_OT_stop_installation(bpy.types.Operator):
    """Stop the installation; what is complete is kept for the next try"""

    bl_idname = "ldr_to_hdri.stop_installation"
    bl_label = "Stop Installation"
    bl_options: ClassVar[set[str]] = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return under_way() is not None

    def execute(self, _context: bpy.types.Context) -> set[str]:
        abort()
        return {"FINISHED"}


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
        self.report({"INFO"}, reports.removed(freed))
        return {"FINISHED"}


def remove() -> int:
    """Remove the runtime, and return the bytes freed. Raises RuntimeInstallError where something resists."""
    if task_queue.pending():
        raise RuntimeInstallError("A conversion is under way.", "Wait for its end, or cancel it, then remove the runtime.")
    abort()
    close_worker()
    runtime.forget()
    return remove_runtime(runtime_folder())
