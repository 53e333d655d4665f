"""Builds the extension's zips with Blender's own tool, and lets the tool of every Blender at hand validate them.

    python scripts/package.py [TARGET ...] [--output build] [--all]

Without a TARGET: the small zip, with our own code, weights and kernels. A TARGET of hdr_core/runtime_wheels.json, such as
linux-x64-py311-cpu, makes a full zip: the same with the runtime's wheels in the manifest. --all: the small one, and the full ones that
are given to users (every cpu target of Blender's own Pythons). Prints each zip's path, and its size on standard error.
The same input gives the same bytes. Blender's tool comes with the bpy modules in .venv-bpy-*; it needs no bpy itself.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from fetch_wheels import fetch  # noqa: E402

from hdr_core.runtime_wheels import read_lock, wheels_packed_here  # noqa: E402

TOOL = "lib/python*/site-packages/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"
PARTS = ("blender_manifest.toml", "__init__.py", "operators", "ui", "hdr_core", "LICENSE", "README.md", "CHANGELOG.md", "THIRD_PARTY.md")
# The Pythons of the official builds, and which Blenders have them. Without these limits Blender 5.1 would install the py3 wheels of
# a zip made for 3.11, skip torch without a word, and leave the user with an extension that cannot work.
BLENDERS_PYTHONS = {"py311": ("4.2.0", "5.1.0"), "py313": ("5.1.0", "")}  # from, up to and without


def blender_tools(root: Path = ROOT) -> list[Path]:
    """blender_ext.py of every Blender in `root`, the newest first. Exits with a message where there is none."""
    tools = [tool for environment in sorted(root.glob(".venv-bpy-*"), reverse=True) for tool in environment.glob(TOOL)]
    if not tools:
        sys.exit("No Blender found. Set up the bpy environments (.venv-bpy-*) first: make setup")
    return tools


def default_targets() -> list[str]:
    """The targets of the full zips that users are given: no CUDA, which is too large for a download beside them."""
    return [target for target in sorted(read_lock()) if target.endswith("-cpu") and target.split("-")[2] in BLENDERS_PYTHONS]


def package(output: Path, target: str = "") -> Path:
    """Build one zip into the folder `output`, validate it, and return its path. CalledProcessError where a tool objects."""
    tools = blender_tools()
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text())
    output.mkdir(parents=True, exist_ok=True)
    archive = output / f"{'-'.join(filter(None, (manifest['id'], manifest['version'], target)))}.zip"
    with tempfile.TemporaryDirectory(prefix="package_", dir=output) as scratch:
        source = Path(scratch)
        _stage(source)
        if target:
            _add_wheels(source, target)
        else:
            _add_packed(source)
        made = source / "made.zip"
        _run(tools[0], "build", "--source-dir", source, "--output-filepath", made)
        _normalise(made, archive)
    for tool in tools:
        _run(tool, "validate", archive)
    print(f"{archive.name}: {archive.stat().st_size / 1e6:.1f} MB", file=sys.stderr)
    return archive


def _stage(folder: Path) -> None:
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copyfile(ROOT / part, folder / part)


def _add_wheels(folder: Path, target: str) -> None:
    """The wheels of a target, named in the manifest, so that Blender unpacks them beside its own Python."""
    wheels = sorted(fetch(target), key=lambda wheel: wheel.name)
    (folder / "wheels").mkdir()
    for wheel in wheels:
        shutil.copyfile(wheel, folder / "wheels" / wheel.name)
    system, machine, python, _ = target.split("-")
    listed = "".join(f'  "./wheels/{wheel.name}",\n' for wheel in wheels)
    manifest = folder / "blender_manifest.toml"
    text = manifest.read_text()
    if python in BLENDERS_PYTHONS:
        oldest, newest = BLENDERS_PYTHONS[python]
        limit = f'blender_version_min = "{oldest}"' + (f'\nblender_version_max = "{newest}"' if newest else "")
        text = re.sub(r'^blender_version_min = ".*"$', limit, text, flags=re.MULTILINE)
    head, permissions, rest = text.partition("[permissions]")
    manifest.write_text(f'{head}platforms = ["{system}-{machine}"]\nwheels = [\n{listed}]\n\n{permissions}{rest}')


def _add_packed(folder: Path) -> None:
    """What no index has as a wheel goes along: too small to matter, and the button that installs the rest needs it."""
    (folder / "wheels").mkdir()
    for wheel in wheels_packed_here():
        shutil.copyfile(next(path for path in fetch(default_targets()[0], only=wheel.name)), folder / "wheels" / wheel.file)


def _normalise(made: Path, archive: Path) -> None:
    """The same entries in the order of their names, without the times and modes of this checkout: Blender's tool keeps the disk's."""
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(archive, "w") as new:
        for entry in sorted(old.infolist(), key=lambda entry: entry.filename):
            fresh = zipfile.ZipInfo(entry.filename)  # 1980, the first year that a zip knows
            fresh.compress_type, fresh.external_attr = entry.compress_type, 0o644 << 16
            with old.open(entry) as source, new.open(fresh, "w", force_zip64=entry.file_size > 2**31) as target:
                shutil.copyfileobj(source, target, 2**20)


def _run(tool: Path, *arguments: str | Path) -> None:
    subprocess.run([sys.executable, tool, *arguments], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(sorted(read_lock())))
    parser.add_argument("--output", type=Path, default=ROOT / "build")
    parser.add_argument("--all", action="store_true", help="the small zip, and the full ones that users are given")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(read_lock()):
        parser.error(f"no such target: {', '.join(sorted(unknown))}. There are: {', '.join(sorted(read_lock()))}")
    for name in ["", *default_targets()] if options.all else options.targets or [""]:
        print(package(options.output.resolve(), name), flush=True)
