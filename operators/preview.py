"""The operator bpy.ops.ldr_to_hdri.preview."""

from __future__ import annotations

from typing import ClassVar, cast

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ..hdr_core.settings import InputCurve
from .choices import HIDDEN, INPUT_CURVE, PATH, PICTURE_FILTER
from .modal import RunsTask
from .preview_job import PreviewTask, Request, load
from .preview_window import show_preview


class LDR_TO_HDRI_OT_preview(RunsTask, bpy.types.Operator):
    """See in a moment, at a low resolution, what converting a photo would restore; the world stays as it is"""

    bl_idname = "ldr_to_hdri.preview"
    bl_label = "Preview HDRI"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    filepath: StringProperty(
        name="Photo", description="Photo to preview: JPG, HEIC, PNG, TIFF, ...", subtype="FILE_PATH", options=PATH
    )
    image: StringProperty(name="Image", description="Image of this .blend to preview instead of a file", options={"SKIP_SAVE"})
    width: IntProperty(
        name="Width",
        description="Of the preview, in pixels at most: more of them show more, and take longer",
        subtype="PIXEL",
        min=64,
        max=4096,
        default=768,
    )
    input_curve: EnumProperty(**INPUT_CURVE, default="AUTO")
    filter_glob: StringProperty(default=PICTURE_FILTER, options=HIDDEN)

    def draw(self, context: bpy.types.Context) -> None:
        """In the file browser only: a change in Adjust Last Operation would preview again, blocking the window."""
        if context.space_data is None or context.space_data.type != "FILE_BROWSER":
            return
        self.layout.use_property_split = True
        self.layout.prop(self, "input_curve")
        self.layout.prop(self, "width")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        self.in_window = not bpy.app.background
        if self.filepath or self.image:
            return self.execute(context)
        load()
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        request = Request(self.filepath, self.image, cast(InputCurve, self.input_curve.lower()), self.width)
        return self.run_task(context, lambda: PreviewTask(request), first=True)

    def finish(self, said: str) -> set[str]:
        """A script opens no editor, and takes no picture away: it may look at the image where it likes."""
        show_preview(asked=self.in_window)
        return super().finish(said)
