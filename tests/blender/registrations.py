"""What add-ons have registered in Blender."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import bpy


def registrations() -> Counter[str]:
    """All that can be listed from Python, by kind and name. Translations and commands of the command line cannot."""
    return Counter(f"{kind}: {name}" for kind, names in _KINDS.items() for name in names())


def _subclasses(kind: type) -> Iterator[Any]:
    for subclass in type.__subclasses__(kind):
        yield subclass
        yield from _subclasses(subclass)


def _classes() -> list[str]:
    """Blender's own aside, which it makes when they are first looked at."""
    own = {"bpy.types", "bpy_types", "_bpy_types"}
    kinds = {kind for kind in _subclasses(bpy.types.bpy_struct) if kind.__module__ not in own}
    return [f"{kind.__module__}.{kind.__name__}" for kind in kinds if getattr(kind, "is_registered", False)]


def _properties() -> list[str]:
    kinds = [kind for name in dir(bpy.types) if hasattr(kind := getattr(bpy.types, name), "bl_rna")]
    return [f"{kind.__name__}.{found.identifier}" for kind in kinds for found in kind.bl_rna.properties if found.is_runtime]


def _named(functions: list[Any]) -> list[str]:
    return [f"{function.__module__}.{function.__name__}" for function in functions]


def _draw_functions() -> list[str]:
    """Those that were added to menus, headers and panels."""
    kinds = [getattr(bpy.types, name) for name in dir(bpy.types)]
    return [added for kind in kinds for added in _named(getattr(getattr(kind, "draw", None), "_draw_funcs", [])[1:])]


def _handlers() -> list[str]:
    lists = [found for name in dir(bpy.app.handlers) if isinstance(found := getattr(bpy.app.handlers, name), list)]
    return [handler for found in lists for handler in _named(found)]


def _preset_paths() -> list[str]:
    return bpy.utils.preset_paths("ldr_to_hdri/controls") + bpy.utils.preset_paths("operator/ldr_to_hdri.convert")


def _key_map_items() -> list[str]:
    added = bpy.context.window_manager.keyconfigs.addon
    return [f"{keymap.name}, {item.idname}" for keymap in (added.keymaps if added else ()) for item in keymap.keymap_items]


_KINDS = {
    "class": _classes,
    "property": _properties,
    "draw function": _draw_functions,
    "handler": _handlers,
    "preset path": _preset_paths,
    "key": _key_map_items,
}
