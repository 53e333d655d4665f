"""Whether a file renders the same where the extension is not installed, pixel by pixel, in Cycles and EEVEE.

    .venv/bin/python scripts/elsewhere.py [--modules 5.0.1 4.5.15 4.2.23] [--windows "COMMAND; COMMAND; ..."]

Each Blender makes a file with the extension: a photo is converted into the nodes of world and compositor, the controls are set,
it is saved and rendered. The same Blender, with factory settings and without the extension, opens the file and renders it.
--modules: versions of the bpy module, each in .venv-bpy-VERSION; their EEVEE needs a screen, DISPLAY. --windows: commands that
open a window elsewhere, see windows.py.
Prints a table of the largest differences. The exit code is 1 where anything differs.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import checkout
import numpy as np
import package
from screenshots import PHOTO, folders_of

ROOT = package.ROOT
sys.path.insert(0, str(ROOT))

from hdr_core.exr import read_exr  # noqa: E402

WIDE = 512  # pixels of the photo
ROW = "| {} | {} | {} | {} | {:.3g} | {:.3g} |"
HEAD = "| Blender | engine | what is seen | mean radiance | largest difference | of the engines' means |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modules", nargs="*", default=[], metavar="VERSION")
    parser.add_argument("--windows", default="", metavar="COMMANDS", help="commands, separated by semicolons")
    parser.add_argument("--engines", default="CYCLES EEVEE")
    options = parser.parse_args()
    python = Path(os.environ.get("LDR_TO_HDRI_PYTHON", sys.executable)).absolute()
    python = python.parent.resolve() / python.name
    if options.modules and "EEVEE" in options.engines and not os.environ.get("DISPLAY"):
        sys.exit("EEVEE needs a screen: set DISPLAY, to that of Xvfb for example, or give --engines CYCLES.")
    commands = [shlex.split(command) for command in options.windows.split(";") if command.strip()]
    archive = package.package(ROOT / "build") if commands else None
    print(HEAD)
    same = True
    for how in (*options.modules, *commands):
        with tempfile.TemporaryDirectory(prefix="elsewhere_") as folder:
            given = {"FOLDER": folder, "ENGINES": options.engines, "PYTHON": python, "READY": "/tmp/ready"}
            _photo(Path(folder))
            given["PHOTO"] = Path(folder, "photo.jpg")
            for mode in ("with", "without"):
                variables = {name: str(value) for name, value in {**given, "MODE": mode, "ARCHIVE": archive}.items()}
                if isinstance(how, str):
                    _in_module(how, variables)
                else:
                    _in_window(how, variables, [Path(folder), ROOT, *folders_of(python)])
            same &= _compared(Path(folder), options.engines.split())
    return 0 if same else 1


def _photo(folder: Path) -> None:
    import pyvips

    pyvips.Image.thumbnail(str(PHOTO), WIDE).write_to_file(str(folder / "photo.jpg"))


def _in_module(version: str, variables: dict[str, str]) -> None:
    user = Path(variables["FOLDER"], f"user-{variables['MODE']}")
    if variables["MODE"] == "with":
        checkout.link_checkout(user)
    variables = {**variables, "BLENDER_USER_RESOURCES": str(user)}
    command = [ROOT / f".venv-bpy-{version}" / "bin" / "python", ROOT / "scripts" / "elsewhere_render.py"]
    environment = {**os.environ, **variables, "LDR_TO_HDRI_PYTHON": variables["PYTHON"]}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def _in_window(command: list[str], variables: dict[str, str], seen: list[Path]) -> None:
    script = Path(variables["FOLDER"], "script.py")
    inner = ROOT / "scripts" / "elsewhere_render.py"
    script.write_text(
        f"import os, runpy\n\nos.environ.update({variables!r})\nrunpy.run_path({str(inner)!r}, run_name='__main__')\n"
    )
    picture = Path(variables["FOLDER"], "window.png")
    said = subprocess.run([*map(str, command), script, picture, "", *seen], check=False, capture_output=True, text=True)
    if not Path(variables["FOLDER"], f"{variables['MODE']}.txt").exists():
        sys.exit(f"{shlex.join(command)} did not end well:\n{said.stdout[-4000:]}{said.stderr[-2000:]}")


def _compared(folder: Path, engines: list[str]) -> bool:
    """Prints a row for each picture; whether all are the same, show something, and agree between the engines."""
    version, same = (folder / "with.txt").read_text(), True
    assert version == (folder / "without.txt").read_text()
    for seen in ("world", "compositor"):
        means = []
        for engine in engines:
            name = f"{engine}{'-composed' * (seen == 'compositor')}.exr"
            ours, theirs = (read_exr(folder / f"{mode}-{name}")[0][..., :3] for mode in ("with", "without"))
            worst, mean = float(np.abs(ours - theirs).max()), float(ours.mean())
            means.append(mean)
            print(ROW.format(version, engine, seen, f"{mean:.4f}", worst, mean / means[0]), flush=True)
            same &= worst == 0 and float(ours.std()) > 0.01 and abs(mean / means[0] - 1) < 0.25
    return same


if __name__ == "__main__":
    sys.exit(main())
