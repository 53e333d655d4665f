"""Tests the extension in windows of Blender: make windows BLENDERS="PATH PATH ..." or WINDOWS="COMMAND; COMMAND; ..."

PATH: a program, Blender's own; it is started here, and needs a screen. COMMAND: one that opens a window elsewhere, called as
COMMAND SCRIPT PICTURE.png "" FOLDER...: it runs SCRIPT in a window of Blender, waits until there is a file /tmp/ready, and
saves what the window shows; Blender must see each FOLDER at the same path. LDR_TO_HDRI_PYTHON names the Python that converts.
With --install the button downloads PyTorch (2.6 GB) and then converts with it; Debian's Blender needs python3-pip for that.
Prints what held in each, and keeps the pictures in build/windows. The exit code is 1 where something did not hold.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import package
from screenshots import PHOTO, folders_of

ROOT = package.ROOT
PICTURES = ROOT / "build" / "windows"
NOTHING_LEFT = "all done, nothing left behind"
SMALL = 1024  # pixels across: a window in software shares the processor with the network


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blenders", nargs="*", default=[], metavar="PATH")
    parser.add_argument("--windows", default="", metavar="COMMANDS", help="commands, separated by semicolons")
    parser.add_argument("--install", action="store_true", help="the button, to its end, over the network")
    options = parser.parse_args()
    commands = [shlex.split(command) for command in options.windows.split(";") if command.strip()]
    if not commands and not options.blenders:
        sys.exit(__doc__)
    python = Path(os.environ.get("LDR_TO_HDRI_PYTHON", sys.executable)).absolute()
    python = python.parent.resolve() / python.name  # a link to the program is kept: a virtual environment lives by it
    PICTURES.mkdir(parents=True, exist_ok=True)
    archive = package.package(ROOT / "build")
    ended = [check(command, python, archive, install=options.install) for command in commands]
    ended += [check([blender], python, archive, here=True, install=options.install) for blender in options.blenders]
    return 0 if all(ended) else 1


def check(command: list[str], python: Path, archive: Path, *, here: bool = False, install: bool = False) -> bool:
    """One window; whether all held."""
    name = "-".join(Path(part).name for part in command)
    print(f"== {name}", flush=True)
    with tempfile.TemporaryDirectory(prefix="windows_") as folder:
        place = Path(folder)
        import pyvips

        pyvips.Image.thumbnail(str(PHOTO), SMALL).write_to_file(str(place / "photo.jpg"))
        result, ready = place / "result.txt", place / "ready" if here else Path("/tmp/ready")
        given = {"ARCHIVE": archive, "PHOTO": place / "photo.jpg", "PYTHON": python, "RESULT": result, "READY": ready}
        given["PICTURES"] = PICTURES / f"{name}.d"
        given["PICTURES"].mkdir(exist_ok=True)
        script = place / "script.py"
        session = ROOT / "scripts" / ("window_install.py" if install else "window_session.py")
        variables = {name: str(value) for name, value in given.items()}
        script.write_text(f"import os, runpy\n\nos.environ.update({variables!r})\nrunpy.run_path({str(session)!r})\n")
        if here:
            _run_here(command[0], script, place)
        else:
            seen = [place, ROOT, *folders_of(python)]
            subprocess.run([*command, script, PICTURES / f"{name}.png", "", *seen], check=False)
        said = result.read_text(encoding="utf-8").splitlines() if result.exists() else ["it never began"]
        said += [] if install else _left(said, place)
    print("\n".join(said), flush=True)
    return said[-1] == ("all done" if install else NOTHING_LEFT)


def _left(said: list[str], place: Path) -> list[str]:
    """What stays after Blender was closed in the middle of a conversion: nothing should."""
    if said[-1] != "all done":
        return []
    worker = next(line.split()[1] for line in said if line.startswith("worker "))
    until = time.monotonic() + 5
    while Path("/proc", worker).exists() and time.monotonic() < until:
        time.sleep(0.1)
    left = [path.name for path in place.iterdir() if path.name.startswith((".", "closed_hdri"))]
    if Path("/proc", worker).exists():
        left.append(f"the worker's process, {worker}")
    return [f"left behind: {', '.join(left)}" if left else NOTHING_LEFT]


def _run_here(blender: str, script: Path, place: Path) -> None:
    program = shutil.which(blender)
    if program is None:
        sys.exit(f"There is no program {blender}.")
    arguments = ["--factory-startup", "-p", "0", "0", "1600", "900", "--python", str(script)]
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(place / "user")}
    (place / "user").mkdir()
    with subprocess.Popen([program, *arguments], env=environment) as window:
        try:
            while window.poll() is None and not (place / "ready").exists():
                with suppress(subprocess.TimeoutExpired):
                    window.wait(0.5)
        finally:
            window.kill()


if __name__ == "__main__":
    sys.exit(main())
