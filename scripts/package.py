"""Builds the extension's zip with Blender's own tool, and lets the tool of every Blender at hand validate it.

    python scripts/package.py [--output build]

Prints the zip's path. Blender's tool comes with the bpy modules in .venv-bpy-*; it needs no bpy itself.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOL = "lib/python*/site-packages/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"


def blender_tools(root: Path = ROOT) -> list[Path]:
    """blender_ext.py of every Blender in `root`, the newest first. Exits with a message where there is none."""
    tools = [tool for environment in sorted(root.glob(".venv-bpy-*"), reverse=True) for tool in environment.glob(TOOL)]
    if not tools:
        sys.exit("No Blender found. Set up the bpy environments (.venv-bpy-*) first: make setup")
    return tools


def package(output: Path) -> Path:
    """Build the zip into the folder `output`, validate it, and return its path. CalledProcessError where a tool objects."""
    tools = blender_tools()
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text())
    output.mkdir(parents=True, exist_ok=True)
    archive = output / f"{manifest['id']}-{manifest['version']}.zip"
    _run(tools[0], "build", "--source-dir", ROOT, "--output-filepath", archive)
    for tool in tools:
        _run(tool, "validate", archive)
    return archive


def _run(tool: Path, *arguments: str | Path) -> None:
    subprocess.run([sys.executable, tool, *arguments], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "build")
    print(package(parser.parse_args().output.resolve()))
