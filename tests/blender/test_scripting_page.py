"""Every example of docs/scripting.md runs as it stands there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import bpy
import pytest
from bl_ext.user_default.ldr_to_hdri.operators import runtime

pytestmark = pytest.mark.skipif(bpy.app.version < (5, 0, 0), reason="the page is about the newest Blender: it is run there")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "scripting.md"
_SAID_ONLY = {"install_runtime", "remove_runtime"}  # they need the internet
EXAMPLES = re.findall(r"^## (.+?)$|^```python( no-blender)?\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)


def examples() -> list[tuple[str, bool, str]]:
    """(the section, whether it runs without Blender, the code)."""
    found, section = [], ""
    for heading, outside, code in EXAMPLES:
        section = heading or section
        if code:
            found.append((section, bool(outside), code))
    return found


@pytest.fixture(autouse=True)
def _menus_keep_their_names():
    """Blender gives a menu of presets the name of the one that was chosen."""
    menus = {kind: kind.bl_label for kind in bpy.types.Menu.__subclasses__() if hasattr(kind, "preset_subdir")}
    yield
    for kind, label in menus.items():
        kind.bl_label = label


@pytest.fixture
def names(photo, tmp_path) -> dict[str, str]:
    """What the page says is defined."""
    (tmp_path / "folder").mkdir()
    shutil.copyfile(photo, tmp_path / "folder" / "one.jpg")
    return {"photo": str(photo), "folder": str(tmp_path / "folder")}


def test_there_are_examples_for_every_operator_that_is_offered():
    page, code = PAGE.read_text(encoding="utf-8"), "\n".join(code for _, _, code in examples())
    offered = {
        name
        for name in dir(bpy.ops.ldr_to_hdri)
        if "INTERNAL" not in getattr(getattr(bpy.types, f"LDR_TO_HDRI_OT_{name}"), "bl_options", set())
    }
    assert {name for name in offered if f"ldr_to_hdri.{name}(" not in page} == set()
    assert {name for name in offered if f"ldr_to_hdri.{name}(" not in code} == _SAID_ONLY


@pytest.mark.parametrize(("section", "outside", "code"), examples())
def test_an_example(section, outside, code, names, in_runtime, preferences):
    if outside:
        given = "".join(f"{name} = {value!r}\n" for name, value in names.items())
        in_runtime(given + code)
    else:
        exec(compile(code, f"{PAGE.name}: {section}", "exec"), dict(names))  # noqa: S102  (that is what it is for)
    runtime.forget()
