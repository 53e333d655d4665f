"""Fetches the wheels of a target of hdr_core/runtime_wheels.json into a folder, through pip, and checks size and SHA-256.

    python scripts/fetch_wheels.py TARGET [--folder build/wheels]

What lies there already is not fetched again. pip's own settings (index, extra index, find-links, proxy) say where wheels come from.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from pure_wheel import fetch_source, pack  # noqa: E402

from hdr_core.runtime_wheels import Wheel, read_lock  # noqa: E402

WHEELS = ROOT / "build" / "wheels"


def fetch(target: str, folder: Path = WHEELS, *, only: str = "") -> list[Path]:
    """The target's wheels (or the one of the package `only`), in `folder`. SystemExit with a message where one cannot be had, or is not what the list says."""
    folder.mkdir(parents=True, exist_ok=True)
    wheels = [wheel for wheel in read_lock()[target] if only in {"", wheel.name}]
    missing = [wheel for wheel in wheels if not _is_there(wheel, folder)]
    for wheel in missing:
        if wheel.source is not None:
            with tempfile.TemporaryDirectory() as scratch:
                archive = fetch_source(wheel.name, wheel.version, wheel.source[1], Path(scratch))
                pack(archive, wheel.name, folder)
    _download([wheel for wheel in missing if wheel.source is None], target, folder)
    for wheel in wheels:
        if not _is_there(wheel, folder):
            sys.exit(f"{wheel.file} is not what hdr_core/runtime_wheels.json says, or was not found. Write the list anew.")
    return [folder / wheel.file for wheel in wheels]


def _is_there(wheel: Wheel, folder: Path) -> bool:
    path = folder / wheel.file
    if not path.is_file() or path.stat().st_size != wheel.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == wheel.sha256


def _download(wheels: list[Wheel], target: str, folder: Path) -> None:
    if not wheels:
        return
    python = re.search(r"-py(\d)(\d+)-", target)
    assert python is not None
    platforms = {tag for wheel in wheels for tag in wheel.file.removesuffix(".whl").split("-")[-1].split(".")}
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    command += ["--implementation", "cp", "--python-version", f"{python[1]}.{python[2]}", "-d", str(folder)]
    command += [part for abi in (f"cp{python[1]}{python[2]}", "abi3", "none") for part in ("--abi", abi)]
    command += [part for tag in sorted(platforms) for part in ("--platform", tag)]
    with tempfile.TemporaryDirectory() as scratch:
        listed = Path(scratch) / "requirements.txt"
        listed.write_text("".join(wheel.requirement for wheel in wheels))
        if subprocess.run([*command, "-r", str(listed)], check=False, stdout=sys.stderr).returncode:
            sys.exit(
                f"The wheels of {target} could not be fetched; pip says why, above. Where the index lacks one, put it into "
                f'"{folder}", or name a place that has it in PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL.'
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=sorted(read_lock()))
    parser.add_argument("--folder", type=Path, default=WHEELS)
    options = parser.parse_args()
    print(*fetch(options.target, options.folder), sep="\n")
