"""Zips, as users get them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def package(folder: Path, *targets: str) -> Path:
    """A zip, built and validated by Blender's own tool, of every Blender here."""
    command = [sys.executable, ROOT / "scripts" / "package.py", *targets, "--output", folder]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
