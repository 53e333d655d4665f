"""Makes the pictures of the documentation, in docs/images: real windows of Blender, as window_shots.py arranges them.

    BLENDER_WINDOW="COMMAND" .venv/bin/python scripts/screenshots.py [SHOT ...]

COMMAND is called as COMMAND SCRIPT PICTURE.png FOLDER...: it opens a window of Blender of 1600 x 900 pixels, runs SCRIPT in it,
waits until there is a file /tmp/ready, and saves what the window shows. Blender must see each FOLDER at the same path.
LDR_TO_HDRI_PYTHON names the Python that converts; without it, the one that runs this.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import package

ROOT = package.ROOT
IMAGES = ROOT / "docs" / "images"
PHOTO = ROOT / "examples" / "ulmer_muenster.jpg"
LARGEST = 150_000  # bytes
WHOLE = (0, 0, 1600, 900)
SHOTS = {  # what is kept of the window: left, top, width, height
    "panel": WHOLE,
    "queue": WHOLE,
    "nodes": WHOLE,
    "sun": WHOLE,
    "preview": WHOLE,
    "preview_ev": WHOLE,
    "preview_balls": WHOLE,
    "preferences_page": WHOLE,
    "install_runtime": WHOLE,
    "german": WHOLE,
    "japanese": WHOLE,
    "changed": (1030, 82, 256, 146),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shots", nargs="*", choices=[*SHOTS, []], metavar="SHOT", help=f"of {', '.join(SHOTS)}; default: all")
    shots = parser.parse_args().shots or list(SHOTS)
    command = shlex.split(os.environ.get("BLENDER_WINDOW", ""))
    if not command:
        sys.exit(__doc__)
    python = Path(os.environ.get("LDR_TO_HDRI_PYTHON", sys.executable)).absolute()
    python = python.parent.resolve() / python.name  # a link to the program is kept: a virtual environment lives by it
    archive = package.package(ROOT / "build")
    IMAGES.mkdir(parents=True, exist_ok=True)
    for shot in shots:
        with tempfile.TemporaryDirectory() as folder:
            script, picture = Path(folder) / f"{shot}.py", Path(folder) / f"{shot}.png"
            given = {"SHOT": shot, "ARCHIVE": str(archive), "PHOTO": str(PHOTO), "PYTHON": str(python), "READY": "/tmp/ready"}
            arranged = str(ROOT / "scripts" / "window_shots.py")
            script.write_text(f"import os, runpy\n\nos.environ.update({given!r})\nrunpy.run_path({arranged!r})\n")
            subprocess.run([*command, script, picture, ROOT, *folders_of(python)], check=True)
            print(_keep(picture, IMAGES / f"{shot}.webp", SHOTS[shot]), flush=True)


def folders_of(python: Path) -> list[str]:
    """What Blender must see for that Python to run."""
    code = "import sys; print(sys.prefix); print(sys.base_prefix)"
    folders = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.split("\n")
    return sorted({folder for folder in folders if folder and folder != "/usr"})


def _keep(picture: Path, target: Path, part: tuple[int, int, int, int]) -> str:
    """Cut it out, and save it as WebP, as good as fits; says how large it is."""
    import pyvips

    cut = pyvips.Image.new_from_file(str(picture)).crop(*part)
    for quality in (92, 85, 75, 60, 45):
        cut.write_to_file(str(target), Q=quality, strip=True)
        if target.stat().st_size <= LARGEST:
            break
    return f"{target.relative_to(ROOT)}: {cut.width} x {cut.height}, {target.stat().st_size} bytes"


if __name__ == "__main__":
    main()
