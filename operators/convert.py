"""The operator bpy.ops.ldr_to_hdri.convert."""

from __future__ import annotations

import math
from typing import ClassVar, cast

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ..hdr_core.errors import HdrError
from ..hdr_core.settings import Compression, ConvertSettings, InputCurve, Projection, Scale
from . import chosen
from .choices import (
    ANGLES,
    COMPRESSION,
    DESTINATION,
    FOLDER,
    HIDDEN,
    INPUT_CURVE,
    PATH,
    PICTURE_FILTER,
    PROJECTION,
    SCALE,
    WORLD,
)
from .conversion import ConversionTask, Request
from .modal import RunsTask
from .worker_session import warm_up

_last: ConversionTask | None = None
_PREFERRED = ("destination", "folder", "compression")


class LDR_TO_HDRI_OT_convert(RunsTask, bpy.types.Operator):
    """Restore the light that a photo clipped, and light the scene with it"""

    bl_idname = "ldr_to_hdri.convert"
    bl_label = "Convert Photo to HDRI"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO", "PRESET"}

    filepath: StringProperty(
        name="Photo", description="Photo to convert: JPG, HEIC, PNG, TIFF, ...", subtype="FILE_PATH", options=PATH
    )
    image: StringProperty(
        name="Image",
        description="Image of this .blend to convert instead of a file: loaded, packed, generated or painted",
        options={"SKIP_SAVE"},
    )
    output: StringProperty(
        name="Output",
        description="EXR to write. Leave it empty to name it after the photo and place it by Destination",
        subtype="FILE_PATH",
        options=PATH,
    )
    destination: EnumProperty(**DESTINATION, default="SOURCE", options={"SKIP_SAVE"})
    folder: StringProperty(**FOLDER, options=PATH)
    world: EnumProperty(**WORLD, default="NEW")
    projection: EnumProperty(**PROJECTION, default="AUTO")
    input_curve: EnumProperty(**INPUT_CURVE, default="AUTO")
    fov: FloatProperty(**ANGLES["fov"], default=0.0)
    pitch: FloatProperty(**ANGLES["pitch"], default=0.0)
    roll: FloatProperty(**ANGLES["roll"], default=0.0)
    yaw: FloatProperty(**ANGLES["yaw"], default=0.0)
    scale: EnumProperty(**SCALE, default="WHITE")
    compression: EnumProperty(**COMPRESSION, default="ZIP", options={"SKIP_SAVE"})
    overwrite: BoolProperty(
        name="Overwrite",
        description="Replace an existing EXR even if it was not made by this extension",
        default=False,
        options={"SKIP_SAVE"},
    )
    filter_glob: StringProperty(default=PICTURE_FILTER, options=HIDDEN)

    def draw(self, context: bpy.types.Context) -> None:
        """In Adjust Last Operation the world only: another setting would convert the photo again, blocking the window."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        if context.space_data is None or context.space_data.type != "FILE_BROWSER":
            if _last is not None and _last.shows_the_same(self._request(context)):
                layout.prop(self, "world")
            return
        layout.prop(self, "projection")
        if self.projection not in {"FLAT", "BY_SHAPE"}:
            for name in ANGLES:
                layout.prop(self, name)
        layout.prop(self, "scale")
        layout.prop(self, "input_curve")
        layout.prop(self, "world")
        layout.prop(self, "destination")
        if self.destination == "FOLDER":
            layout.prop(self, "folder")
        layout.prop(self, "compression")
        layout.prop(self, "overwrite")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        self.in_window = not bpy.app.background
        chosen.fill_in(self.properties, _PREFERRED)
        if self.filepath or self.image:
            return self.execute(context)
        warm_up()
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        global _last  # noqa: PLW0603
        try:
            request = self._request(context)
            if self.options.is_repeat and _last is not None and _last.shows_the_same(request):
                return self.finish(_last.again(request).apply())
        except HdrError as error:
            return self.give_up(error)
        _last = ConversionTask(request)
        return self.run_task(context, lambda: cast(ConversionTask, _last))

    def _request(self, context: bpy.types.Context) -> Request:
        return Request(
            filepath=self.filepath,
            image=self.image,
            output=self.output,
            destination=self.destination,
            folder=self.folder,
            world=self.world,
            settings=ConvertSettings(
                projection=cast(Projection, self.projection.lower()),
                input_curve=cast(InputCurve, self.input_curve.lower()),
                compression=cast(Compression, self.compression.lower()),
                **{name: round(math.degrees(getattr(self, name)), 3) for name in ANGLES},
                scale=cast(Scale, self.scale.lower()),
            ),
            overwrite=self.overwrite,
            scene=context.scene.name,
        )
