"""How a node "LDR to HDRI" is shown: the photo that it carries, and its controls."""

from __future__ import annotations

from typing import Any

from bpy.app.translations import pgettext_iface as iface_

from ..operators.node_state import converted, exr_of, restored_light, wanted
from ..operators.node_target import target_of, why_locked
from ..operators.reconversion import task_of
from ..operators.reconvert import LDR_TO_HDRI_OT_reconvert
from .control_presets import draw_presets
from .wrapped import draw_wrapped

_SETTINGS = ("photo", "projection", "fov", "pitch", "roll", "yaw", "scale", "input_curve", "compression")


def draw_source(layout: Any, node: Any) -> None:
    """Its photo and the settings, and the button that converts them; why it is locked, where it is."""
    locked, tree = why_locked(node), node.node_tree
    for number, line in enumerate(locked.split(": ") if locked else ()):
        layout.label(text=line, icon="BLANK1" if number else "LINKED")
    column = layout.column()
    column.enabled = not locked and task_of(target_of(node)) is None
    column.use_property_split = True
    column.use_property_decorate = False
    for name in _SETTINGS:
        column.prop(tree.ldr_to_hdri, name)
    changed, first = wanted(tree) != converted(tree), not exr_of(tree)
    if changed and not first:
        layout.label(text="The photo or its settings changed", icon="INFO")
    row = layout.row()
    row.scale_y = 1.5 if changed else 1.0
    row.enabled = bool(wanted(tree).photo)
    icon = "WORLD" if first else "FILE_REFRESH"
    row.operator(LDR_TO_HDRI_OT_reconvert.bl_idname, text="Convert" if first else "Convert Again", icon=icon, depress=changed)
    restored = restored_light(tree)
    if restored is not None:
        draw_wrapped(layout, restored.in_words(), icon="LIGHT_SUN", indent=4)


def draw_controls(layout: Any, node: Any) -> None:
    """The node's inputs; for one that is linked, that it is."""
    column = layout.column()
    column.enabled = not why_locked(node)
    draw_presets(column)
    column.use_property_split = True
    column.use_property_decorate = False
    for socket in node.inputs:
        if socket.is_linked:
            column.label(text=iface_("{}: linked").format(iface_(socket.name)), translate=False)
        else:
            column.prop(socket, "default_value", text=socket.name)
