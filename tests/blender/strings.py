"""Every text of ours that Blender shows: labels, tooltips, choices, and what panels and messages say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
from bl_ext.user_default.ldr_to_hdri.operators import node_sockets

ROOT = Path(__file__).resolve().parents[2]
_MARK = "ldr_to_hdri"
_STAGES = {"Reading", "Restoring light", "Writing"}  # of a conversion, as the worker calls them


def shown_strings() -> set[str]:
    """All of them, in English."""
    return {text for text in (*_registered(), *_written(), *_sockets(), *_STAGES) if any(letter.isalpha() for letter in text)}


def _registered() -> Iterator[str]:
    for name in dir(bpy.ops.ldr_to_hdri):
        operator = getattr(bpy.ops.ldr_to_hdri, name).get_rna_type()
        yield from (operator.name, operator.description, *_properties(operator))
    for base in (bpy.types.Panel, bpy.types.Menu, bpy.types.FileHandler):
        for kind in _ours(base):
            yield kind.bl_label
            if base is bpy.types.Menu:
                yield (kind.__doc__ or "").strip()
    for kind in (*_ours(bpy.types.PropertyGroup), *_ours(bpy.types.AddonPreferences)):
        yield from _properties(kind.bl_rna)


def _ours(base: type) -> list[Any]:
    return [kind for kind in base.__subclasses__() if _MARK in kind.__module__ and kind.is_registered]


def _properties(described: Any) -> Iterator[str]:
    inherited = described.base.properties.keys() if described.base is not None else []
    for item in described.properties:
        if item.identifier not in {*inherited, "rna_type"} and not item.is_hidden:
            yield from (item.name, item.description)
            for choice in getattr(item, "enum_items", ()):
                yield from (choice.name, choice.description)


def _written() -> Iterator[str]:
    """What stands in the code as `text=`, is translated there, or says why an operator cannot be used."""
    for file in (*(ROOT / "ui").glob("*.py"), *(ROOT / "operators").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[:1] if called in {"iface_", "report_", "poll_message_set"} else []
            for value in (*first, *(keyword.value for keyword in node.keywords if keyword.arg == "text")):
                yield from (part.value for part in ast.walk(value) if _is_text(part, value))


def _is_text(part: ast.AST, whole: ast.AST) -> bool:
    if isinstance(whole, (ast.JoinedStr, ast.Call, ast.Attribute)):
        return False  # put together: its parts are translated one by one
    return isinstance(part, ast.Constant) and isinstance(part.value, str)


def _sockets() -> Iterator[str]:
    yield from (node_sockets.RESULT, *node_sockets.PANELS.values())
    for control in (*node_sockets.WORLD_CONTROLS, *node_sockets.COMPOSITOR_CONTROLS):
        yield from (control.name, control.description, control.panel, control.name.removesuffix(f" {control.panel}"))
