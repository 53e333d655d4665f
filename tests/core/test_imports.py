"""What may import what: ui -> operators -> hdr_core, one way, and the core's front door loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import hdr_core

ROOT = Path(hdr_core.__file__).parents[1]
HEAVY = {"torch", "numpy", "OpenEXR", "pyvips", "safetensors"}
NETWORK = {"socket", "ssl", "urllib", "http", "asyncio", "ftplib", "smtplib", "xmlrpc", "requests", "urllib3", "fsspec", "ray"}
FORBIDDEN = {"hdr_core": {"bpy", "operators", "ui"}, "operators": {"ui", "torch", "OpenEXR", "pyvips", "safetensors"}}


def _imports(file: Path) -> Iterator[tuple[int, str]]:
    """(how many dots, the name) of every import of a file, wherever it stands; `from .. import ui` counts as (2, "ui")."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module is None:
                yield from ((node.level, alias.name) for alias in node.names)
            else:
                yield node.level, node.module


def _files(folder: str) -> list[Path]:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    return files


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_nothing_imports_what_is_above_it(folder: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in _files(folder)
        for level, name in _imports(file)
        if name.split(".")[0] in FORBIDDEN[folder] and not _inside(file, level, name)
    ]
    assert wrong == []


def _inside(file: Path, level: int, name: str) -> bool:
    """Whether a relative import stays in the file's own top folder, as `from .ui import x` in operators/ would."""
    if level == 0:
        return False
    depth = len(file.relative_to(ROOT).parts) - 1
    return level <= depth


def test_the_core_imports_itself_relatively() -> None:
    wrong = []
    for file in _files("hdr_core"):
        depth = len(file.relative_to(ROOT).parts) - 1
        for level, name in _imports(file):
            if level > depth or (level == 0 and name.split(".")[0] == "hdr_core"):
                wrong.append(f"{file.relative_to(ROOT)}: {'.' * level}{name}")
    assert wrong == []


@pytest.mark.parametrize("module", ["hdr_core", "hdr_core.client", "hdr_core.settings", "hdr_core.errors", "hdr_core.cli"])
def test_the_front_door_is_light(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert module in loaded
    assert not loaded & HEAVY


def test_who_may_know_the_network() -> None:
    """The button's download, and libraries in remote stores and on clusters, which a user names; `soak no_network` looks on."""
    found = {
        str(file.relative_to(ROOT))
        for folder in ("hdr_core", "operators", "ui")
        for file in _files(folder)
        for level, name in _imports(file)
        if level == 0 and name != "urllib.parse" and name.split(".")[0] in NETWORK
    }
    assert found == {
        "hdr_core/wheel_fetch.py",
        *(f"hdr_core/library/{name}.py" for name in ("ray_cluster", "ray_actor", "remote")),
    }


def test_one_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    assert project["version"] == manifest["version"] == hdr_core.__version__
