"""Writes THIRD_PARTY.md: what a full zip, or the Install button, puts on a user's disk beside our own code, and its licences.

    make third-party

From the metadata of the wheels in hdr_core/runtime_wheels.json, as pip reads them for each target; nothing is installed. The
Python that runs this needs a pip that knows licence expressions: 25 or newer.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from fetch_wheels import pip_target  # noqa: E402

from hdr_core.runtime_wheels import Wheel, read_lock  # noqa: E402

OUTPUT = ROOT / "THIRD_PARTY.md"
HEAD = """# What comes with LDR to HDRI, and under which licences

Our own code is GPL-3.0-or-later (`LICENSE`). The small zip holds nothing else but pyvips. The full zips, and *Install Runtime*,
bring the packages below; each carries its licence in its `dist-info` folder, and for the libraries inside it (`torch`,
`pyvips-binary`, `pi-heif`, `pillow`, `OpenEXR`) their notices, too. NumPy is Blender's own and never bundled. Written by
`make third-party`, from what the packages say of themselves.

"""
CUDA = """
## In the CUDA variant only

NVIDIA's libraries are proprietary: they may be passed on under NVIDIA's own terms, and such a zip is for oneself, not for the
public platform.

"""
TARGETS = ("linux-x64-py311-cpu", "linux-x64-py311-cuda")


def metadata(target: str) -> dict[str, dict[str, Any]]:
    """What each package says of itself, by name."""
    wheels = read_lock()[target]
    with tempfile.TemporaryDirectory() as folder:
        listed, report = Path(folder) / "requirements.txt", Path(folder) / "report.json"
        listed.write_text("".join(wheel.requirement for wheel in wheels if wheel.source is None))
        command = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--no-deps"]
        command += [
            "--require-hashes",
            "--target",
            folder,
            *pip_target(target, wheels),
            "--report",
            str(report),
            "-r",
            str(listed),
        ]
        subprocess.run(command, check=True, stdout=sys.stderr)
        found = [entry["metadata"] for entry in json.loads(report.read_text())["install"]]
        return {canonicalize_name(said["name"]): said for said in found}


def licence(said: dict[str, Any]) -> str:
    """The licence in one line: the expression, else the classifiers, else the first line of the text."""
    expression = said.get("license_expression")
    classifiers = [line.rpartition(" :: ")[2] for line in said.get("classifier", []) if line.startswith("License ::")]
    text = (said.get("license") or "").strip().splitlines()
    return expression or "; ".join(classifiers) or (text[0] if text else "see its dist-info")


def table(wheels: list[Wheel], said: dict[str, dict[str, Any]]) -> str:
    known = {"pyvips": "MIT"}  # published as source, whose metadata pip cannot read without running it
    rows = [f"| {wheel.name} | {wheel.version} | {known.get(wheel.name) or licence(said[wheel.name])} |" for wheel in wheels]
    return "| package | version | licence |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


def main() -> None:
    small, large = (sorted(read_lock()[target], key=lambda wheel: wheel.name) for target in TARGETS)
    said = metadata(TARGETS[0]) | metadata(TARGETS[1])
    common = {wheel.name for wheel in small}
    more = [wheel for wheel in large if wheel.name not in common]
    OUTPUT.write_text(HEAD + table(small, said) + CUDA + table(more, said), encoding="utf-8")
    print(OUTPUT)


if __name__ == "__main__":
    main()
