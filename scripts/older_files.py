"""Makes tests/blender/older: .blend files and preferences as released states of the extension saved them, in every Blender.

    LDR_TO_HDRI_PYTHON=.venv/bin/python .venv/bin/python scripts/older_files.py

Each state is taken from the history of this repository, enabled in a clean Blender, converts a small photo there, and saves.
Beside each file, a JSON with what it looked like: radiance along two directions. `--inside` is the part that Blender runs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDER = ROOT / "tests" / "blender" / "older"
STATES = {"0.1.0": "4ec9d7e", "0.2.0a": "50c0951", "0.2.0b": "25ccf5e"}  # version: commit; 0.2.0b has queue, views and scales
BLENDERS = ("4.2.23", "4.5.15", "5.0.1")
DIRECTIONS = ((1.0, 0.2, 0.3), (-0.5, 1.0, -0.2))
PYTHON_NAMED = "/opt/ldr-to-hdri/bin/python"  # a setting to be found again


def main() -> None:
    OLDER.mkdir(exist_ok=True)
    for version, commit in STATES.items():
        for blender in BLENDERS:
            with tempfile.TemporaryDirectory() as folder:
                installed = Path(folder) / "user" / "extensions" / "user_default" / "ldr_to_hdri"
                installed.mkdir(parents=True)
                archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
                subprocess.run(["tar", "-x", "-C", installed], input=archive, check=True)
                environment = {**os.environ, "BLENDER_USER_RESOURCES": str(Path(folder) / "user")}
                environment["LDR_TO_HDRI_PYTHON"] = str(Path(os.environ["LDR_TO_HDRI_PYTHON"]).absolute())
                python = ROOT / f".venv-bpy-{blender}" / "bin" / "python"
                target = OLDER / f"{version}-in-{blender.rpartition('.')[0]}.blend"
                subprocess.run([python, __file__, "--inside", target], check=True, env=environment, cwd=folder)
                print(target.name, target.stat().st_size, flush=True)


def inside(target: Path) -> None:
    import bpy
    import numpy as np

    # isort: split
    import addon_utils

    sys.path.insert(0, str(ROOT / "tests" / "blender"))
    import camera

    module = "bl_ext.user_default.ldr_to_hdri"
    addon_utils.enable(module, default_set=True)
    photo = Path.cwd() / "photo.png"
    rows, columns = np.mgrid[:32, :64]
    codes = np.stack([columns * 3, 200 - rows * 5, 255 - columns, np.full_like(rows, 255)], axis=-1)
    codes[6:12, 30:38] = 255
    image = bpy.data.images.new("photo", 64, 32)
    image.pixels.foreach_set((codes[::-1] / 255).astype(np.float32).ravel())
    image.filepath_raw, image.file_format = str(photo), "PNG"
    image.save()
    bpy.data.images.remove(image)
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo))
    node = next(node for node in bpy.context.scene.world.node_tree.nodes if node.type == "GROUP")
    node.inputs["EV"].default_value = 1.5
    node.inputs["Rotation"].default_value = (0, 0, 0.7) if node.inputs["Rotation"].type != "VALUE" else 0.7
    for picture in bpy.data.images:
        if picture.source == "FILE" and picture.size[0]:
            picture.pack()
    bpy.context.preferences.addons[module].preferences.python = PYTHON_NAMED
    bpy.context.preferences.use_preferences_save = False
    bpy.ops.wm.save_as_mainfile(filepath=str(target), compress=True)
    seen = [camera.look(direction, Path.cwd() / "seen.exr").mean((0, 1)).tolist() for direction in DIRECTIONS]
    target.with_suffix(".json").write_text(json.dumps({"directions": DIRECTIONS, "seen": seen}) + "\n")
    addon_utils.disable(module)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args().inside
    main() if asked is None else inside(asked)
