"""Seeing what a conversion did: views of photo and radiance, and a sheet with all of them. No torch, no bpy, no font files.

`write_sheet` takes files; all else takes arrays, and needs numpy only.
"""

from __future__ import annotations

from .balls import balls
from .facts import SheetFacts
from .false_colour import false_colour
from .files import write_sheet
from .histogram import histogram
from .layout import sheet
from .views import clipped_overlay, split, tone_map

__all__ = ["SheetFacts", "balls", "clipped_overlay", "false_colour", "histogram", "sheet", "split", "tone_map", "write_sheet"]
