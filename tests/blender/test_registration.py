"""Enabling is instant and loads nothing heavy; disabling leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import bpy
import checkout

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "OpenEXR", "pyvips", "safetensors", "numpy"}


def registered() -> set[str]:
    return {name for name in dir(bpy.types) if "ldr_to_hdri" in name.lower() or "ldrtohdri" in name.lower()}


def handlers() -> list[str]:
    return [
        f"{name}: {handler.__module__}"
        for name in dir(bpy.app.handlers)
        if isinstance(found := getattr(bpy.app.handlers, name), list)
        for handler in found
        if "ldr_to_hdri" in handler.__module__
    ]


def preferences_are_known() -> bool:
    return any(kind.bl_idname == checkout.MODULE for kind in bpy.types.AddonPreferences.__subclasses__() if kind.is_registered)


def test_disabling_unregisters_everything_and_enabling_brings_it_back():
    everything, hooks = registered(), handlers()
    menu = len(bpy.types.TOPBAR_MT_file_import._dyn_ui_initialize())
    assert len(everything) > 3
    assert preferences_are_known()
    assert len(hooks) == 1
    checkout.disable()
    assert registered() == set()
    assert handlers() == []
    assert not preferences_are_known()
    assert "ldr_to_hdri" not in dir(bpy.ops) or not dir(bpy.ops.ldr_to_hdri)
    assert len(bpy.types.TOPBAR_MT_file_import._dyn_ui_initialize()) == menu - 1
    checkout.enable()
    assert (registered(), handlers()) == (everything, hooks)
    assert preferences_are_known()


def test_uninstalling_leaves_nothing_and_the_process_ends(tmp_path):
    """In a fresh process. Uninstalling forgets the modules, too: what holds them makes Blender 4.2 segfault at the end."""
    code = f"""
import sys; sys.path[:0] = [{str(ROOT / "scripts")!r}, {str(Path(__file__).parent)!r}]
import checkout; from pathlib import Path
checkout.link_checkout(Path({str(tmp_path / "user")!r}))
import bpy, json
from registrations import registrations
before = registrations()
checkout.enable()
enabled = registrations()
checkout.disable()
left = registrations()
for name in [name for name in sys.modules if name.startswith(checkout.MODULE)]:
    del sys.modules[name]
del sys.modules[checkout.MODULE.rpartition('.')[0]].ldr_to_hdri
print('counted', json.dumps([sorted((enabled - before).elements()), sorted((left - before).elements())]), flush=True)
"""
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    line = next(line for line in result.stdout.splitlines() if line.startswith("counted"))
    added, left = json.loads(line.removeprefix("counted"))
    assert {entry.partition(":")[0] for entry in added} == {"class", "property", "draw function", "handler", "preset path"}
    assert len([entry for entry in added if entry.startswith("class: bl_ext.user_default.ldr_to_hdri.")]) > 30
    assert left == []


def test_everything_that_is_shown_has_a_name_and_a_tooltip():
    operators = [getattr(bpy.ops.ldr_to_hdri, name).get_rna_type() for name in dir(bpy.ops.ldr_to_hdri)]
    groups = [kind.bl_rna for base in (bpy.types.PropertyGroup, bpy.types.AddonPreferences) for kind in ours(base)]
    assert len(operators) > 15
    assert len(groups) > 3
    lacking = [operator.identifier for operator in operators if not (operator.name and operator.description)]
    for described in (*operators, *groups):
        inherited = {"rna_type", *(described.base.properties.keys() if described.base is not None else ())}
        for item in described.properties:
            if item.identifier in inherited or item.is_hidden:
                continue
            choices = getattr(item, "enum_items", ())
            if not (item.name and item.description) or any(not (choice.name and choice.description) for choice in choices):
                lacking.append(f"{described.identifier}.{item.identifier}")
    assert lacking == []


def ours(base: type) -> list[type]:
    return [kind for kind in base.__subclasses__() if "ldr_to_hdri" in kind.__module__ and kind.is_registered]


def test_enabling_loads_nothing_heavy(tmp_path):
    """In a fresh process, where Blender itself has not imported numpy (newer ones do), and without the worker's Python."""
    code = f"""
import sys; sys.path.insert(0, {str(ROOT / "scripts")!r})
import checkout; from pathlib import Path
checkout.link_checkout(Path({str(tmp_path / "user")!r}))
import bpy
before = set(sys.modules)
checkout.enable()
new = {{name.partition('.')[0] for name in set(sys.modules) - before}}
checkout.disable()
print('loaded', *new)
"""
    bare = {key: value for key, value in os.environ.items() if key != "LDR_TO_HDRI_PYTHON"}
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=bare)
    loaded = set(next(line for line in result.stdout.splitlines() if line.startswith("loaded")).split()[1:])
    assert "bl_ext" in loaded or "addon_utils" in loaded
    assert not loaded & HEAVY
