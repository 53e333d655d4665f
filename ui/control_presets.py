"""Presets of the node's controls, by Blender's own preset system; those in presets/ come with the extension."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import bpy
from bl_operators.presets import AddPresetBase

from ..operators.control_settings import PRESET_CONTROLS

_FOLDER = "ldr_to_hdri/controls"
_BUNDLED = str(Path(__file__).parent)  # Blender looks for presets/ in it


class LDR_TO_HDRI_MT_controls_presets(bpy.types.Menu):
    """Looks for the environment: all controls but the rotation"""

    bl_label = "Control Presets"
    preset_subdir = _FOLDER
    preset_operator = "ldr_to_hdri.apply_controls_preset"
    draw = bpy.types.Menu.draw_preset


class LDR_TO_HDRI_OT_apply_controls_preset(bpy.types.Operator):
    """Set the controls of the node LDR to HDRI as the preset has them"""

    bl_idname = "ldr_to_hdri.apply_controls_preset"
    bl_label = "Apply Controls Preset"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO", "INTERNAL"}

    filepath: bpy.props.StringProperty(
        name="Preset", description="File of the preset", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    menu_idname: bpy.props.StringProperty(name="Menu", description="Menu that offers it", options={"SKIP_SAVE", "HIDDEN"})

    def execute(self, _context: bpy.types.Context) -> set[str]:
        return bpy.ops.script.execute_preset(filepath=self.filepath, menu_idname=LDR_TO_HDRI_MT_controls_presets.__name__)


class LDR_TO_HDRI_OT_add_controls_preset(AddPresetBase, bpy.types.Operator):
    """Keep the controls as they are now under a name, or remove the preset that was chosen last"""

    bl_idname = "ldr_to_hdri.add_controls_preset"
    bl_label = "Add Controls Preset"
    preset_menu = LDR_TO_HDRI_MT_controls_presets.__name__
    preset_subdir = _FOLDER
    preset_defines: ClassVar[list[str]] = ["controls = bpy.context.window_manager.ldr_to_hdri_controls"]
    preset_values: ClassVar[list[str]] = [f"controls.{name}" for name in PRESET_CONTROLS]


CLASSES = (
    LDR_TO_HDRI_MT_controls_presets,
    LDR_TO_HDRI_OT_apply_controls_preset,
    LDR_TO_HDRI_OT_add_controls_preset,
)


def register() -> None:
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    bpy.utils.register_preset_path(_BUNDLED)


def unregister() -> None:
    bpy.utils.unregister_preset_path(_BUNDLED)
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)


def draw_presets(layout: Any) -> None:
    """The menu of presets, as Blender's own panels have it."""
    row = layout.row(align=True)
    row.menu(LDR_TO_HDRI_MT_controls_presets.__name__, text=LDR_TO_HDRI_MT_controls_presets.bl_label)
    row.operator(LDR_TO_HDRI_OT_add_controls_preset.bl_idname, text="", icon="ADD")
    row.operator(LDR_TO_HDRI_OT_add_controls_preset.bl_idname, text="", icon="REMOVE").remove_active = True
