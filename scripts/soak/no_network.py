"""Whether a conversion, from Blender's start to its end, opens a socket of the network even once (strace)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from common import ROOT, Fault, take_photo

BLENDER = "5.0.1"
KINDS = ("jpg", "png", "tif", "webp", "avif", "heic")
SCRIPT = """
import sys
import bpy
import addon_utils
addon_utils.enable("bl_ext.user_default.ldr_to_hdri", default_set=True)
for photo in sys.argv[1:]:
    bpy.ops.ldr_to_hdri.convert(filepath=photo)
addon_utils.disable("bl_ext.user_default.ldr_to_hdri", default_set=True)
print("all done", flush=True)
"""


def run(folder: Path) -> str:
    import pillow_heif

    if shutil.which("strace") is None:
        raise Fault("strace is not installed")
    pillow_heif.register_heif_opener()
    extensions = folder / "user" / "extensions" / "user_default"
    extensions.mkdir(parents=True)
    (extensions / "ldr_to_hdri").symlink_to(ROOT)
    photos = [take_photo(folder / f"photo_{kind}.{kind}") for kind in KINDS]
    python = ROOT / f".venv-bpy-{BLENDER}" / "bin" / "python"
    if not calls(folder, [python, "-c", "import socket; socket.socket()"])[0]:
        raise Fault("strace does not see what it should")
    asked, said = calls(folder, [python, "-c", SCRIPT, *photos])
    if "all done" not in said:
        raise Fault(said[-2000:])
    made = len(list(folder.glob("photo_*_hdri.exr")))
    if asked or made != len(KINDS):
        raise Fault(f"{made} of {len(KINDS)} converted, with these sockets:\n" + "\n".join(asked[:20]))
    return f"{made} photos ({', '.join(KINDS)}) in {BLENDER} and its worker: not one socket of a network was opened"


def calls(folder: Path, command: list[str | Path]) -> tuple[list[str], str]:
    """The sockets that a program and its children opened, but for those inside this machine (AF_UNIX), and what it said."""
    trace = folder / "trace"
    variables = {"BLENDER_USER_RESOURCES": str(folder / "user"), "LDR_TO_HDRI_PYTHON": sys.executable}
    ended = subprocess.run(
        ["strace", "-f", "-qqq", "-e", "trace=socket", "-e", "signal=none", "-o", trace, *command],
        check=False,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return [line for line in trace.read_text().splitlines() if "AF_UNIX" not in line], ended.stdout
