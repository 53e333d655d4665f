"""Two Blenders of different versions, with one user folder, convert the same photos into the same folder at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from common import ROOT, Fault, checksum, convert_in_peace, expect_only, take_photo

from hdr_core.settings import ConvertSettings

BLENDERS = ("5.0.1", "4.5.15")
PHOTOS, ROUNDS = 3, 4
MODULE = "bl_ext.user_default.ldr_to_hdri"
SCRIPT = """
import sys
import bpy
import addon_utils
addon_utils.enable("bl_ext.user_default.ldr_to_hdri", default_set=True)
for round in range(int(sys.argv[1])):
    for photo in sys.argv[2:]:
        bpy.ops.ldr_to_hdri.convert(filepath=photo, projection="FLAT", world="NONE")
addon_utils.disable("bl_ext.user_default.ldr_to_hdri", default_set=True)
print("all done", flush=True)
"""


def run(folder: Path, rounds: int = ROUNDS) -> str:
    extensions, place = folder / "user" / "extensions" / "user_default", folder / "photos"
    extensions.mkdir(parents=True)
    place.mkdir()
    (extensions / "ldr_to_hdri").symlink_to(ROOT)
    photos = [take_photo(place / f"{number}.png", seed=number) for number in range(PHOTOS)]
    whole = {
        photo.with_name(f"{photo.stem}_hdri.exr"): convert_in_peace(photo, folder / "peace.exr", ConvertSettings("flat"))
        for photo in photos
    }
    (folder / "script.py").write_text(SCRIPT)
    variables = {"BLENDER_USER_RESOURCES": str(folder / "user"), "LDR_TO_HDRI_PYTHON": sys.executable}
    running = [
        subprocess.Popen(
            [ROOT / f".venv-bpy-{version}" / "bin" / "python", folder / "script.py", str(rounds), *map(str, photos)],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for version in BLENDERS
    ]
    looks = 0
    while any(process.poll() is None for process in running):
        for output, expected in whole.items():
            if output.exists():
                looks += 1
                if checksum(output) != expected:
                    raise Fault(f"{output.name} was there, and not whole")
        time.sleep(0.01)
    for process in running:
        said = process.communicate()[0]
        if process.returncode or "all done" not in said:
            raise Fault(said[-2000:])
    expect_only(place, *(path.name for path in (*photos, *whole)))
    return (
        f"{' and '.join(BLENDERS)}, {rounds} times {PHOTOS} photos each: both ended well; the results were looked at "
        f"{looks} times meanwhile and always whole; nothing else in the folder"
    )
