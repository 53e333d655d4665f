"""The extension's preferences."""

from __future__ import annotations

import bpy
from bpy.props import StringProperty


class LdrToHdriPreferences(bpy.types.AddonPreferences):
    bl_idname = __package__.rpartition(".")[0]

    python: StringProperty(
        name="Python",
        description="Python 3.11 or newer that has torch, OpenEXR, pyvips and safetensors; the network runs in it. "
        "Empty: the one that the environment variable LDR_TO_HDRI_PYTHON names, else Blender's own",
        subtype="FILE_PATH",
    )

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "python")
        hint = layout.column(align=True)
        hint.active = False
        hint.label(text="The network runs in a process of its own, with a Python that has torch:")
        hint.label(text="pip install torch safetensors pyvips pyvips-binary OpenEXR pillow pi-heif")
