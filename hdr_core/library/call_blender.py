"""Has Blender, with the extension in it, write the assets of a library."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from ..errors import RuntimeMissingError, WorkerError
from .asset_facts import AssetFacts

_VARIABLE = "LDR_TO_HDRI_BLENDER"
_NAME_IT = f"Name it by --blender or in {_VARIABLE}, or run the batch as: blender --command ldr_to_hdri batch ..."


def find_blender(named: str) -> str:
    """The Blender of that name, else what LDR_TO_HDRI_BLENDER names, else the one in PATH. Raises RuntimeMissingError."""
    wanted = named or os.environ.get(_VARIABLE, "") or "blender"
    found = shutil.which(os.path.expanduser(wanted))  # noqa: PTH111  (Path would drop the "./")
    if found is None:
        raise RuntimeMissingError(f"There is no Blender {wanted!r}, which writes the assets.", _NAME_IT)
    return found


def write_assets(blender: str, records: Path, facts: AssetFacts) -> list[Path]:
    """Have `blender` write the .blend files for the library with these `records`; returns their paths. Raises WorkerError."""
    command = [
        blender,
        "--command",
        "ldr_to_hdri",
        "assets",
        str(records),
        "--author",
        facts.author,
        "--license",
        facts.license,
    ]
    done = subprocess.run(
        [*command, *(["--packed"] if facts.packed else [])], capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        said = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise WorkerError(
            f"Blender ({blender}) could not write the assets{': ' + said[-1] if said else ''}.",
            "Install the extension LDR to HDRI in it, and start the batch again: what is converted is not converted again.",
        )
    return [Path(line) for line in done.stdout.splitlines() if line.endswith(".blend")]
