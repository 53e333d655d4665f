"""Assign Shortcut, in the menu of a right-click: Blender offers it for kinds of operators that it knows by name only."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import bpy
from bpy.app.translations import pgettext_iface as iface_
from bpy.props import StringProperty

_OURS = "LDR_TO_HDRI_OT_"
_OF_ONE_PLACE = {"image", "filepath", "group", "place", "filter_glob"}  # what a button says of what is shown just now
_ENDS = {"ESC", "LEFTMOUSE", "RIGHTMOUSE"}
_MODIFIERS = {f"{side}_{key}" for side in ("LEFT", "RIGHT") for key in ("CTRL", "SHIFT", "ALT")} | {"OSKEY", "HYPER"}


class LDR_TO_HDRI_OT_assign_shortcut(bpy.types.Operator):
    """Press a key that should do this, in all editors"""

    bl_idname = "ldr_to_hdri.assign_shortcut"
    bl_label = "Assign Shortcut"
    bl_options: ClassVar[set[str]] = {"INTERNAL"}

    operator: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
    settings: StringProperty(options={"HIDDEN", "SKIP_SAVE"})  # JSON: the operator's properties by name

    _area: Any = None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        asked = iface_("Press a key for {}, with Ctrl, Shift or Alt if you like. Esc: none").format(
            iface_(_label(self.operator))
        )
        self._area = context.area
        if self._area is not None:
            self._area.header_text_set(asked)
        context.workspace.status_text_set(asked)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.value != "PRESS" or event.type in _MODIFIERS:
            return {"RUNNING_MODAL"}
        if event.type in _ENDS:
            self.cancel(context)
            return {"CANCELLED"}
        item = assign(self.operator, json.loads(self.settings or "{}"), event)
        if item is None:  # no key: a wheel, a tablet
            return {"RUNNING_MODAL"}
        self.cancel(context)
        self.report({"INFO"}, f"{item.to_string()}: {item.name}")
        return {"FINISHED"}

    def cancel(self, context: bpy.types.Context) -> None:
        if self._area is not None:
            self._area.header_text_set(None)
        context.workspace.status_text_set(None)


def assign(operator: str, settings: dict[str, Any], event: Any) -> Any:
    """Let the key of `event` call `operator` with `settings`; returns the item of the keymap, None where it is no key."""
    items = bpy.context.window_manager.keyconfigs.user.keymaps["Window"].keymap_items
    with_keys = {name: getattr(event, name) for name in ("ctrl", "shift", "alt", "oskey")}
    item = items.new(operator, event.type, "PRESS", **with_keys)
    if item.map_type != "KEYBOARD":
        items.remove(item)
        return None
    for name, value in settings.items():
        setattr(item.properties, name, set(value) if isinstance(value, list) else value)
    bpy.context.preferences.is_dirty = True  # so that they are saved at the end
    return item


def _label(operator: str) -> str:
    return getattr(bpy.types, _OURS + operator.partition(".")[2]).bl_label


def _draw(self: Any, context: bpy.types.Context) -> None:
    pressed = getattr(context, "button_operator", None)
    if pressed is None or not pressed.bl_rna.identifier.startswith(_OURS):
        return
    name = f"ldr_to_hdri.{pressed.bl_rna.identifier.removeprefix(_OURS)}"
    if any(item.idname == name for keymap in context.window_manager.keyconfigs.user.keymaps for item in keymap.keymap_items):
        return  # Blender itself offers to change or remove it
    self.layout.separator()
    button = self.layout.operator(LDR_TO_HDRI_OT_assign_shortcut.bl_idname, icon="HAND")
    button.operator, button.settings = name, json.dumps(_settings(pressed))


def _settings(pressed: Any) -> dict[str, Any]:
    """What the button sets of its operator, as plain values."""
    names = {item.identifier for item in pressed.bl_rna.properties} - _OF_ONE_PLACE
    values = {name: getattr(pressed, name) for name in sorted(names) if pressed.is_property_set(name)}
    plain = {name: sorted(value) if isinstance(value, set) else value for name, value in values.items()}
    return {name: value for name, value in plain.items() if isinstance(value, (str, int, float, list))}


def register() -> None:
    bpy.utils.register_class(LDR_TO_HDRI_OT_assign_shortcut)
    bpy.types.UI_MT_button_context_menu.append(_draw)


def unregister() -> None:
    bpy.types.UI_MT_button_context_menu.remove(_draw)
    bpy.utils.unregister_class(LDR_TO_HDRI_OT_assign_shortcut)
