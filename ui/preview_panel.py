"""The preview's controls, in the sidebar of the Image Editor."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..operators import preview_job
from ..operators.convert import LDR_TO_HDRI_OT_convert
from ..operators.preview import LDR_TO_HDRI_OT_preview
from ..operators.preview_image import preview_image
from .facts_table import draw_table, rows
from .icon import icon
from .places import InImages
from .queue_list import draw_queue
from .runtime_box import draw_missing_runtime
from .wrapped import draw_wrapped


class IMAGE_PT_ldr_to_hdri_preview(InImages, bpy.types.Panel):
    bl_label = "HDRI Preview"

    def draw_header(self, _context: bpy.types.Context) -> None:
        self.layout.label(text="", icon_value=icon())

    def draw(self, context: bpy.types.Context) -> None:
        draw_missing_runtime(self.layout)
        draw_queue(self.layout)
        self._draw_start(context)
        shown = preview_job.shown()
        if shown is not None and preview_image() is not None:
            self._draw_view(context)
            self._draw_facts(shown)
            convert = self.layout.operator(LDR_TO_HDRI_OT_convert.bl_idname, text="Convert in Full", icon="WORLD")
            convert.filepath, convert.image = shown.request.filepath, shown.request.image
            convert.input_curve = shown.request.input_curve.upper()
            convert.projection = "EQUIRECTANGULAR" if shown.screens.facts.panorama else "AUTO"

    def _draw_start(self, context: bpy.types.Context) -> None:
        column = self.layout.column(align=True)
        column.operator(LDR_TO_HDRI_OT_preview.bl_idname, text="Preview Photo…", icon="FILE_IMAGE")
        image = context.space_data.image
        if image is not None and image != preview_image() and image.source in {"FILE", "GENERATED"}:
            column.operator(LDR_TO_HDRI_OT_preview.bl_idname, text="Preview This Image", icon="IMAGE_DATA").image = image.name

    def _draw_view(self, context: bpy.types.Context) -> None:
        settings = context.window_manager.ldr_to_hdri_preview
        self.layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True).prop(settings, "mode", expand=True)
        sliders = self.layout.column(align=True)
        exposure = sliders.row()
        exposure.active = settings.mode in {"SPLIT", "BEFORE", "AFTER", "BALLS"}
        exposure.prop(settings, "exposure", slider=True)
        split = sliders.row()
        split.active = settings.mode in {"SPLIT", "EV"}
        split.prop(settings, "split", slider=True)

    def _draw_facts(self, shown: preview_job.Shown) -> None:
        draw_wrapped(self.layout, shown.screens.facts.title, icon="IMAGE_DATA")
        draw_table(
            self.layout,
            (
                *rows(shown.made, view=False),
                (iface_("Preview"), iface_("{} in {} s").format(_size(shown), f"{shown.seconds:.1f}")),
            ),
        )


def _size(shown: preview_job.Shown) -> str:
    return f"{shown.made.width} × {shown.made.height}"
