"""The operator bpy.ops.ldr_to_hdri.reconvert."""

from __future__ import annotations

from typing import ClassVar

import bpy
from bpy.props import StringProperty

from ..hdr_core.errors import Cancelled, HdrError
from . import conversion
from .display import ProgressDisplay
from .errors import SceneError
from .node_target import Target, node_in_context, target_of, why_locked
from .reconversion import request_for, show_result, spare_others


class LDR_TO_HDRI_OT_reconvert(bpy.types.Operator):
    """Convert the photo that the node LDR to HDRI carries, with its settings, and show the result in it"""

    bl_idname = "ldr_to_hdri.reconvert"
    bl_label = "Convert Again"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    group: StringProperty(
        name="Group",
        description="Node group to convert for, with all nodes that show it. Empty: the active node's in the node editor, "
        "else that of the scene's world, which gets a copy of its own where other nodes show it too",
        options={"SKIP_SAVE"},
    )

    _in_window = False  # called by hand: stay live, do not block
    _running: conversion.Running | None = None  # a name that exists at run time: Blender evaluates annotations
    _target: Target | None = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if conversion.running() is not None:
            cls.poll_message_set("A conversion is running: wait for its end, or cancel it")
            return False
        node = node_in_context(context)
        locked = why_locked(node) if node is not None else ""
        if locked:
            cls.poll_message_set(locked)
        return not locked

    def draw(self, context: bpy.types.Context) -> None:
        """Nothing: a change in Adjust Last Operation would convert again, blocking the window."""

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        self._in_window = not bpy.app.background
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            self._target = self._find_target(context)
            running = conversion.start(request_for(context.scene, self._target))
        except HdrError as error:
            return self._give_up(error)
        if not self._in_window:
            return self._finish(running)
        self._running = running
        running.display = ProgressDisplay(context)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        running = self._running
        if event.type == "ESC":
            conversion.abort()
        if running is None or conversion.running() is not running:  # ended from here, from a panel, or with the extension
            return self._give_up(Cancelled())
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if running.job.poll():
            return self._finish(running)
        running.show()
        return {"PASS_THROUGH"}

    def cancel(self, _context: bpy.types.Context) -> None:
        """The window was closed, or another file takes this one's place."""
        if self._running is not None and conversion.running() is self._running:
            conversion.abort()

    def _find_target(self, context: bpy.types.Context) -> Target:
        if self.group:
            return Target(self.group)
        node = node_in_context(context)
        if node is None:
            raise SceneError("There is no node LDR to HDRI here.", "Add one, or convert a photo first.")
        return target_of(node)

    def _finish(self, running: conversion.Running) -> set[str]:
        try:
            target = self._target or Target(self.group)
            spare_others(target)
            done = conversion.finish(running)
            show_result(target, running, done)
        except HdrError as error:
            return self._give_up(error)
        made = done.conversion
        self.report({"INFO"}, f"{made.width} x {made.height} HDRI in {made.seconds:.1f} s. {made.restored.in_words()}")
        return {"FINISHED"}

    def _give_up(self, error: HdrError) -> set[str]:
        self.report({"WARNING" if isinstance(error, Cancelled) else "ERROR"}, str(error))
        return {"CANCELLED"}
