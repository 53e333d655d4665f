"""The operator bpy.ops.ldr_to_hdri.convert_library."""

from __future__ import annotations

import time
from typing import ClassVar, cast

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ..hdr_core.errors import Cancelled, HdrError
from ..hdr_core.library import Batch, LibrarySettings
from ..hdr_core.library.asset_facts import AssetFacts
from ..hdr_core.library.settings import Format, Others, Size
from ..hdr_core.settings import ConvertSettings, Scale
from . import library_job, reports
from .assets import write_asset_libraries
from .choices import SCALE
from .errors import SceneError
from .paths import absolute_path

_HIDDEN = {"HIDDEN", "SKIP_SAVE"}
_PATH = {"SKIP_SAVE"} | ({"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set())
_SIZES: tuple[Size, ...] = ("original", "8k", "4k", "2k", "1k")
_FORMATS: tuple[Format, ...] = ("exr", "hdr")


class LDR_TO_HDRI_OT_convert_library(bpy.types.Operator):
    """Convert every photo of a folder, and of the folders in it; started again, it goes on where it was stopped"""

    bl_idname = "ldr_to_hdri.convert_library"
    bl_label = "Convert Folder to HDRIs"
    bl_options: ClassVar[set[str]] = {"REGISTER"}

    directory: StringProperty(name="Photos", description="Folder of the photos", subtype="DIR_PATH", options=_PATH)
    target: StringProperty(
        name="Target",
        description="Folder for the results, which get the same folders. Empty: beside the photos' folder, with _hdri",
        subtype="DIR_PATH",
        options=_PATH,
    )
    sizes: EnumProperty(
        name="Sizes",
        description="Each becomes a file of its own; the light stays the same",
        items=[(size, size.capitalize(), "As the photo" if size == "original" else f"{size} pixels wide") for size in _SIZES],
        options={"ENUM_FLAG"},
        default={"original"},
    )
    formats: EnumProperty(
        name="Formats",
        description="File formats",
        items=(("exr", "EXR", "OpenEXR"), ("hdr", "HDR", "Radiance RGBE")),
        options={"ENUM_FLAG"},
        default={"exr"},
    )
    others: EnumProperty(
        name="Flat Pictures",
        description="What pictures are taken for that are no panoramas",
        items=(
            ("auto", "Automatic", "Tileable where opposite edges join"),
            ("flat", "Flat", "Their edges do not join"),
            ("tileable", "Tileable", "Their edges join, and are kept so"),
            ("sphere", "Whole Spheres", "Nothing stays flat: each becomes a whole sphere of light"),
        ),
        default="auto",
    )
    scale: EnumProperty(**SCALE, default="WHITE")
    include: StringProperty(name="Include", description="Only photos whose names match, such as *.jpg or hdri/**; | separates")
    exclude: StringProperty(name="Exclude", description="Not the photos whose names match; | separates")
    recursive: BoolProperty(name="Folders in Folders", description="Convert the folders in the folder, too", default=True)
    sheet: BoolProperty(name="Sheets", description="Also a picture of photo and result for each")
    assets: BoolProperty(name="Assets", description="Also .blend files of worlds for the Asset Browser, in the target folder")
    author: StringProperty(name="Author", description="Of the assets")
    license: StringProperty(name="License", description="Of the assets, such as CC0")
    packed: BoolProperty(name="Packed", description="Pictures go into the .blend files; else they are found beside them")
    force: BoolProperty(name="Convert Again", description="Also what is done and has not changed", options={"SKIP_SAVE"})
    overwrite: BoolProperty(
        name="Overwrite", description="Replace files even if they were not made by this extension", options={"SKIP_SAVE"}
    )
    filter_folder: BoolProperty(default=True, options=_HIDDEN)

    _in_window = False  # called by hand: stay live, do not block
    _display: library_job.Display | None = None
    _running: Batch | None = None

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        for name in ("target", "sizes", "formats", "others", "scale", "include", "exclude", "recursive", "sheet", "assets"):
            layout.column().prop(self, name)
        if self.assets:
            layout.prop(self, "author")
            layout.prop(self, "license")
            layout.prop(self, "packed")
        layout.prop(self, "force")
        layout.prop(self, "overwrite")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        self._in_window = not bpy.app.background
        if self.directory:
            return self.execute(context)
        library_job.warm_up()
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            batch = self._running = self._start()
            if not self._in_window:
                return self._waited_for(batch)
        except HdrError as error:
            return self._give_up(error)
        self._display = library_job.Display(context)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def _waited_for(self, batch: Batch) -> set[str]:
        try:
            while not batch.poll():
                time.sleep(0.02)
        except BaseException:  # Ctrl-C, too: a later library could not start beside this one
            self._leave()
            raise
        return self._finish(batch)

    def modal(self, _context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        batch = self._running
        if batch is None or library_job.running() is not batch or event.type == "ESC":
            return self._give_up(Cancelled("The library was stopped.", "Start it again to go on from there."))
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        try:
            if batch.poll():
                return self._finish(batch)
        except HdrError as error:
            return self._give_up(error)
        if self._display is not None:
            self._display.show(batch)
        return {"PASS_THROUGH"}

    def cancel(self, _context: bpy.types.Context) -> None:
        """The dialog or the window was closed, or another file takes this one's place."""
        self._leave()

    def _start(self) -> Batch:
        if not self.directory:
            raise SceneError("There is no folder to convert.", "Choose one, by directory.")
        source = absolute_path(self.directory)
        target = absolute_path(self.target) if self.target else source.with_name(f"{source.name}_hdri")
        settings = LibrarySettings(
            convert=ConvertSettings(scale=cast(Scale, self.scale.lower())),
            others=cast(Others, self.others),
            sizes=tuple(size for size in _SIZES if size in self.sizes),
            formats=tuple(kind for kind in _FORMATS if kind in self.formats),
            sheet=self.sheet,
            include=_patterns(self.include),
            exclude=_patterns(self.exclude),
            recursive=self.recursive,
            previews=self.assets,
        )
        return library_job.start(source, target, settings, force=self.force, overwrite=self.overwrite)

    def _finish(self, batch: Batch) -> set[str]:
        now, report = batch.snapshot(), batch.places.records / "report.html"
        self._leave()
        if self.assets:
            try:
                write_asset_libraries(batch.places.records, AssetFacts(self.author, self.license, self.packed))
            except HdrError as error:
                return self._give_up(error)
        self.report({"WARNING" if now.failed else "INFO"}, reports.library(now, report))
        return {"FINISHED"}

    def _give_up(self, error: HdrError) -> set[str]:
        self._leave()
        self.report({"WARNING" if isinstance(error, Cancelled) else "ERROR"}, str(error))
        return {"CANCELLED"}

    def _leave(self) -> None:
        display, self._display = self._display, None
        if display is not None:
            display.end()
        if self._running is None:  # nothing was started: what another call of this operator started goes on
            library_job.cool_down()
        elif library_job.running() is self._running:
            library_job.end()


def _patterns(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())
