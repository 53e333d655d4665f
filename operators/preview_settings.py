"""How the preview is looked at. Kept by the window manager: undo leaves it alone, and it is in no scene."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty, FloatProperty, PointerProperty

from . import preview_job


def _refresh(_settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    preview_job.refresh_if_shown()


class LDR_TO_HDRI_PG_preview(bpy.types.PropertyGroup):
    mode: EnumProperty(
        name="View",
        description="What the preview shows",
        items=(
            ("SPLIT", "Split", "The photo on the left, the result on the right, under the same exposure"),
            ("BEFORE", "Before", "The photo as it is"),
            ("AFTER", "After", "The result"),
            ("CLIPPED", "Clipped", "The photo, striped where it clipped: pink in all channels, orange in one or two"),
            ("EV", "EV", "How many stops above or below the photo's white; the photo left of the split, the result right"),
            ("HISTOGRAM", "Histogram", "How much of the picture lies at which brightness, before and after"),
            ("BALLS", "Balls", "A diffuse, a glossy and a mirror ball, lit by the photo and by the result"),
            ("SHEET", "Sheet", "All of it on one sheet, with a histogram"),
        ),
        default="SPLIT",
        update=_refresh,
    )
    exposure: FloatProperty(
        name="Exposure",
        description="In stops. Lower it to see into what the photo clipped",
        soft_min=-14.0,
        soft_max=4.0,
        min=-20.0,
        max=20.0,
        step=50,
        precision=1,
        update=_refresh,
    )
    split: FloatProperty(
        name="Split",
        description="Where the photo ends and the result begins",
        subtype="FACTOR",
        min=0.0,
        max=1.0,
        default=0.5,
        update=_refresh,
    )


def register() -> None:
    bpy.utils.register_class(LDR_TO_HDRI_PG_preview)
    bpy.types.WindowManager.ldr_to_hdri_preview = PointerProperty(type=LDR_TO_HDRI_PG_preview, options={"SKIP_SAVE"})


def unregister() -> None:
    del bpy.types.WindowManager.ldr_to_hdri_preview
    bpy.utils.unregister_class(LDR_TO_HDRI_PG_preview)
