"""Draws panels and menus without a window, and keeps what they show. Blender's own layouts exist in a window only."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import bpy

_ICONS = bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items


class Layout:
    """Takes what a UILayout takes: texts and icons are kept, and properties and operators must exist."""

    def __init__(self, drawn: Drawn) -> None:
        self._drawn = drawn

    def __getattr__(self, name: str) -> Any:
        if name in bpy.types.UILayout.bl_rna.properties:  # one that can be set, such as scale_y
            return None
        if name not in bpy.types.UILayout.bl_rna.functions:
            raise AttributeError(name)
        return lambda *_, **arguments: self._show(arguments)

    def label(self, **arguments: Any) -> None:
        self._show(arguments)

    def prop(self, data: Any, name: str, **arguments: Any) -> None:
        assert name in data.bl_rna.properties, f"{data} has no {name}"
        self._drawn.properties.append(name)
        self._show(arguments)

    def operator(self, identifier: str, **arguments: Any) -> Any:
        module, name = identifier.split(".")
        known = getattr(getattr(bpy.ops, module), name).get_rna_type().properties
        self._drawn.operators.append(identifier)
        self._show(arguments)
        return _Properties(known)

    def panel(self, _identifier: str, **_: Any) -> tuple[Layout, Layout]:
        return self, self

    def progress(self, *, factor: float, **arguments: Any) -> None:
        assert 0 <= factor <= 1
        self._show(arguments)

    def _show(self, arguments: dict[str, Any]) -> Layout:
        assert arguments.get("icon", "NONE") in _ICONS
        if arguments.get("text"):
            self._drawn.texts.append(arguments["text"])
            if arguments.get("translate", True):
                self._drawn.translated.append(arguments["text"])
        return self


class _Properties:
    """Of an operator that is drawn: they must exist."""

    def __init__(self, known: Any) -> None:
        object.__setattr__(self, "_known", known)

    def __setattr__(self, name: str, _: object) -> None:
        assert name in self._known, name


class Drawn:
    """What was shown: all texts, those that Blender would translate, and the names of operators and properties."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.translated: list[str] = []
        self.operators: list[str] = []
        self.properties: list[str] = []


def draw(name: str, space: str = "PROPERTIES", **space_data: Any) -> Drawn:
    """What the panel or menu called `name` shows in an editor of the kind `space`; nothing where it is not polled."""
    drawn, scene = Drawn(), bpy.context.scene
    context = SimpleNamespace(
        space_data=SimpleNamespace(type=space, **space_data),
        scene=scene,
        world=scene.world,
        window_manager=bpy.context.window_manager,
        workspace=bpy.context.workspace,
    )
    kind = getattr(bpy.types, name)
    if not hasattr(kind, "poll") or kind.poll(context):
        kind.draw(SimpleNamespace(layout=Layout(drawn)), context)
    return drawn
