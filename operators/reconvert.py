"""The operator bpy.ops.ldr_to_hdri.reconvert."""

from __future__ import annotations

from typing import ClassVar

import bpy
from bpy.props import StringProperty

from .errors import SceneError
from .modal import RunsTask
from .node_state import is_ours
from .node_target import Target, node_in_context, target_of, why_locked
from .reconversion import ReconversionTask, task_of


class LDR_TO_HDRI_OT_reconvert(RunsTask, bpy.types.Operator):
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

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        node = node_in_context(context)
        if node is None:  # `group` may name one
            there = any(is_ours(tree) for tree in bpy.data.node_groups)
            if not there:
                cls.poll_message_set("There is no node LDR to HDRI in this file: convert a photo first")
            return there
        if task_of(target_of(node)) is not None:
            cls.poll_message_set("It is being converted, or waits for that")
            return False
        locked = why_locked(node)
        if locked:
            cls.poll_message_set(locked)
        return not locked

    def draw(self, context: bpy.types.Context) -> None:
        """Nothing: a change in Adjust Last Operation would convert again, blocking the window."""

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        self.in_window = not bpy.app.background
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self.run_task(context, lambda: ReconversionTask(context.scene, self._target(context)))

    def _target(self, context: bpy.types.Context) -> Target:
        if self.group:
            return Target(self.group)
        node = node_in_context(context)
        if node is None:
            raise SceneError("There is no node LDR to HDRI here.", "Add one, or convert a photo first.")
        return target_of(node)
