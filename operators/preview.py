"""The operator bpy.ops.ldr_to_hdri.preview, and the one that stops it."""

from __future__ import annotations

from typing import ClassVar, cast

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ..hdr_core.errors import Cancelled, HdrError
from ..hdr_core.settings import InputCurve
from . import preview_job
from .display import ProgressDisplay

_HIDDEN = {"HIDDEN", "SKIP_SAVE"}
_PATH = {"SKIP_SAVE"} | ({"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set())


class LDR_TO_HDRI_OT_preview(bpy.types.Operator):
    """See in a moment, at a low resolution, what converting a photo would restore; the world stays as it is"""

    bl_idname = "ldr_to_hdri.preview"
    bl_label = "Preview HDRI"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    filepath: StringProperty(
        name="Photo", description="Photo to preview: JPG, PNG, TIFF or WebP", subtype="FILE_PATH", options=_PATH
    )
    image: StringProperty(name="Image", description="Image of this .blend to preview instead of a file", options={"SKIP_SAVE"})
    width: IntProperty(
        name="Width",
        description="Of the preview, in pixels at most: more of them show more, and take longer",
        min=64,
        max=4096,
        default=768,
    )
    input_curve: EnumProperty(
        name="Input Curve",
        description="How the photo's values came from light",
        items=(
            ("AUTO", "Automatic", "The network tells whether the photo is plain sRGB or has a camera's curve"),
            ("SRGB", "sRGB", "Plain sRGB, undone exactly"),
            ("CAMERA", "Camera", "A camera's own curve, estimated from the photo"),
        ),
        default="AUTO",
    )
    filter_glob: StringProperty(default="*.jpg;*.jpeg;*.png;*.tif;*.tiff;*.webp", options=_HIDDEN)

    _in_window = False  # called by hand: stay live, do not block
    _running: preview_job.Running | None = None

    def draw(self, context: bpy.types.Context) -> None:
        """In the file browser only: a change in Adjust Last Operation would preview again, blocking the window."""
        if context.space_data is None or context.space_data.type != "FILE_BROWSER":
            return
        self.layout.use_property_split = True
        self.layout.prop(self, "input_curve")
        self.layout.prop(self, "width")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        self._in_window = not bpy.app.background
        if self.filepath or self.image:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        curve = cast(InputCurve, self.input_curve.lower())
        try:
            running = preview_job.start(preview_job.Request(self.filepath, self.image, curve, self.width))
        except HdrError as error:
            return self._give_up(error)
        if not self._in_window:
            return self._finish(running)
        self._running = running
        running.display = ProgressDisplay(context)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, _context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        running = self._running
        if event.type == "ESC":
            preview_job.abort()
        if running is None or preview_job.running() is not running:  # ended from here, from the panel, or with the extension
            return self._give_up(Cancelled())
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if running.job.poll():
            return self._finish(running)
        running.show()
        return {"PASS_THROUGH"}

    def cancel(self, _context: bpy.types.Context) -> None:
        """The window was closed, or another file takes this one's place."""
        if self._running is not None and preview_job.running() is self._running:
            preview_job.abort()

    def _finish(self, running: preview_job.Running) -> set[str]:
        try:
            image = preview_job.finish(running)
        except HdrError as error:
            return self._give_up(error)
        shown = preview_job.shown()
        if shown is not None:
            self.report(
                {"INFO"},
                f'Image "{image.name}" shows the preview, made in {shown.seconds:.1f} s. In the Image Editor, see its sidebar',
            )
        return {"FINISHED"}

    def _give_up(self, error: HdrError) -> set[str]:
        self.report({"WARNING" if isinstance(error, Cancelled) else "ERROR"}, str(error))
        return {"CANCELLED"}


class LDR_TO_HDRI_OT_cancel_preview(bpy.types.Operator):
    """Stop the preview"""

    bl_idname = "ldr_to_hdri.cancel_preview"
    bl_label = "Cancel Preview"
    bl_options: ClassVar[set[str]] = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return preview_job.running() is not None

    def execute(self, _context: bpy.types.Context) -> set[str]:
        preview_job.abort()
        return {"FINISHED"}
