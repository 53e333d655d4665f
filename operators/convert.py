"""The operator bpy.ops.ldr_to_hdri.convert."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ..hdr_core.errors import Cancelled, HdrError
from ..hdr_core.settings import Compression, ConvertSettings, InputCurve, Projection, Scale
from ..hdr_core.summary import curve_in_words
from . import conversion
from .choices import ANGLES, COMPRESSIONS, INPUT_CURVES, PROJECTIONS, SCALES
from .display import ProgressDisplay

_HIDDEN = {"HIDDEN", "SKIP_SAVE"}
_PATH = {"SKIP_SAVE"} | ({"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set())


def _angle(index: int) -> Any:
    _, label, description, least, most = ANGLES[index]
    return FloatProperty(name=label, description=f"{description} (degrees)", default=0.0, min=least, max=most)


class LDR_TO_HDRI_OT_convert(bpy.types.Operator):
    """Restore the light that a photo clipped, and light the scene with it"""

    bl_idname = "ldr_to_hdri.convert"
    bl_label = "Convert Photo to HDRI"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    filepath: StringProperty(
        name="Photo",
        description="Photo to convert: JPG, HEIC, AVIF, PNG, TIFF, WebP, or an HDR picture",
        subtype="FILE_PATH",
        options=_PATH,
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
        options=_PATH,
    )
    destination: EnumProperty(
        name="Destination",
        description="Where the EXR goes",
        items=(
            ("SOURCE", "Beside the Photo", "Into the photo's folder; for an image without a file, the .blend's folder"),
            ("FOLDER", "Folder", "Into a folder of your choice"),
            ("PACKED", "Packed", "Into the .blend itself, with no file beside it"),
        ),
        default="SOURCE",
    )
    folder: StringProperty(
        name="Folder", description="Folder for the EXR, where Destination is Folder", subtype="DIR_PATH", options=_PATH
    )
    world: EnumProperty(
        name="World",
        description="What becomes of the scene's world",
        items=(
            ("NEW", "New", "A new world, lit by the photo. The one before stays in the file"),
            (
                "REPLACE",
                "Replace Environment",
                "The photo becomes the active world's environment; its other nodes stay",
            ),
            ("NONE", "Image Only", "Load the image, and leave the world alone"),
        ),
        default="NEW",
    )
    projection: EnumProperty(
        name="Projection",
        description="Which part of the world the photo shows",
        items=PROJECTIONS,
        default="AUTO",
    )
    input_curve: EnumProperty(
        name="Input Curve",
        description="How the photo's values came from light",
        items=INPUT_CURVES,
        default="AUTO",
    )
    compression: EnumProperty(
        name="Compression",
        description="How the EXR is compressed",
        items=COMPRESSIONS,
        default="ZIP",
    )
    fov: _angle(0)
    pitch: _angle(1)
    roll: _angle(2)
    yaw: _angle(3)
    scale: EnumProperty(name="Scale", description="What 1.0 in the environment is", items=SCALES, default="WHITE")
    overwrite: BoolProperty(
        name="Overwrite",
        description="Replace an existing EXR even if it was not made by this extension",
        default=False,
        options={"SKIP_SAVE"},
    )
    filter_glob: StringProperty(
        default="*.jpg;*.jpeg;*.png;*.tif;*.tiff;*.webp;*.heic;*.heif;*.hif;*.avif;*.exr;*.hdr", options=_HIDDEN
    )

    _in_window = False  # called by hand: stay live, do not block
    _running: conversion.Running | None = None  # a name that exists at run time: Blender evaluates annotations

    def draw(self, context: bpy.types.Context) -> None:
        """In the file browser only: a change in Adjust Last Operation would convert the photo again, blocking the window."""
        if context.space_data is None or context.space_data.type != "FILE_BROWSER":
            return
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "projection")
        if self.projection not in {"FLAT", "BY_SHAPE"}:
            for name, *_ in ANGLES:
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
        self._in_window = not bpy.app.background
        if self.filepath or self.image:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            running = conversion.start(self._request(context))
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
            conversion.abort()
        if running is None or conversion.running() is not running:  # ended from here, from the panel, or with the extension
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

    def _request(self, context: bpy.types.Context) -> conversion.Request:
        return conversion.Request(
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
                **{name: round(getattr(self, name), 3) for name, *_ in ANGLES},
                scale=cast(Scale, self.scale.lower()),
            ),
            overwrite=self.overwrite,
            scene=context.scene.name,
        )

    def _finish(self, running: conversion.Running) -> set[str]:
        try:
            done = conversion.finish(running)
        except HdrError as error:
            return self._give_up(error)
        self.report({"INFO"}, _describe(done))
        return {"FINISHED"}

    def _give_up(self, error: HdrError) -> set[str]:
        self.report({"WARNING" if isinstance(error, Cancelled) else "ERROR"}, str(error))
        return {"CANCELLED"}


def _describe(done: conversion.Finished) -> str:
    made = done.conversion
    place = "this .blend" if done.image.packed_file else made.output
    peak = f"{made.peak:,.0f}" if made.peak >= 100 else f"{made.peak:.3g}"
    world = f'; it lights the world "{done.world.name}"' if done.world is not None else ""
    return (
        f"{made.width} x {made.height} HDRI written to {place} in {made.seconds:.1f} s on {made.device}; "
        f"its peak is {peak} times the photo's white{world}. {curve_in_words(made)} {made.view.in_words()} "
        f"{made.restored.in_words()}"
    )
