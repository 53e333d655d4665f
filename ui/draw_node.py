"""How a node "LDR to HDRI" is shown: the photo that it carries, and its controls."""

from __future__ import annotations

from typing import Any

from bpy.app.translations import pgettext_iface as iface_

from ..operators import reports
from ..operators.node_sockets import WORLD_CONTROLS
from ..operators.node_state import converted, exr_of, restored_light, wanted
from ..operators.node_target import target_of, why_locked
from ..operators.photo_file import has_changed
from ..operators.reconversion import task_of
from ..operators.reconvert import LDR_TO_HDRI_OT_reconvert
from .control_presets import draw_presets
from .wrapped import draw_wrapped

_PANELS = {control.name: control.panel for control in WORLD_CONTROLS}
_SETTINGS = ("photo", "projection", "fov", "pitch", "roll", "yaw", "scale", "input_curve", "compression")


def draw_notice(layout: Any, node: Any) -> None:
    """What one should know without opening anything: why it is locked; that its photo changed, with a button."""
    draw_lock(layout, node)
    if _is_pending(node.node_tree):
        _draw_pending(layout, node.node_tree)
        _draw_convert(layout, node.node_tree)


def draw_lock(layout: Any, node: Any) -> None:
    """Why the node cannot be changed, where it cannot."""
    locked = why_locked(node)
    for number, line in enumerate(locked.split(": ") if locked else ()):
        draw_wrapped(layout, line, icon="BLANK1" if number else "LINKED")


def draw_source(layout: Any, node: Any, *, notice: bool = True) -> None:
    """Its photo, the settings, and the button that converts them. `notice`: also what `draw_notice` would say."""
    tree = node.node_tree
    if notice:
        draw_lock(layout, node)
    column = layout.column()
    column.enabled = not why_locked(node) and task_of(target_of(node)) is None
    column.use_property_split = True
    column.use_property_decorate = False
    for name in _SETTINGS:
        column.prop(tree.ldr_to_hdri, name)
    if notice and _is_pending(tree):
        _draw_pending(layout, tree)
    if notice or not _is_pending(tree):
        _draw_convert(layout, tree)
    restored = restored_light(tree)
    if restored is not None:
        draw_wrapped(layout, reports.restored_light(restored), icon="LIGHT_SUN")


def _is_changed(tree: Any) -> bool:
    return has_changed(tree) or wanted(tree) != converted(tree)


def _is_pending(tree: Any) -> bool:
    """Whether what it shows is not what its photo and settings would give now."""
    return bool(exr_of(tree)) and _is_changed(tree)


def _draw_pending(layout: Any, tree: Any) -> None:
    said = iface_("The photo was changed since") if has_changed(tree) else iface_("The photo or its settings changed")
    draw_wrapped(layout, said, icon="INFO")


def _draw_convert(layout: Any, tree: Any) -> None:
    if not wanted(tree).photo:
        layout.label(text="Choose a photo first", icon="INFO")
        return
    changed, first = _is_changed(tree), not exr_of(tree)
    row = layout.row()
    row.scale_y = 1.5 if changed else 1.0
    icon = "WORLD" if first else "FILE_REFRESH"
    row.operator(LDR_TO_HDRI_OT_reconvert.bl_idname, text="Convert" if first else "Convert Again", icon=icon, depress=changed)


def draw_controls(layout: Any, node: Any) -> None:
    """The node's inputs, in panels as the node has them; for one that is linked, that it is."""
    layout.enabled = not why_locked(node)
    draw_presets(layout)
    layout.use_property_split = True
    layout.use_property_decorate = False
    bodies = {"": layout.column()}
    for socket in node.inputs:
        panel = _PANELS.get(socket.name, "")
        if panel not in bodies:
            header, bodies[panel] = layout.panel(f"ldr_to_hdri_{panel.lower()}")
            header.label(text=panel)
        if bodies[panel] is not None:  # it is open
            _draw_input(bodies[panel], socket, socket.name.removesuffix(f" {panel}"))


def _draw_input(layout: Any, socket: Any, name: str) -> None:
    if socket.is_linked:
        layout.label(text=iface_("{}: linked").format(iface_(name)), translate=False)
    else:
        layout.prop(socket, "default_value", text=name)
