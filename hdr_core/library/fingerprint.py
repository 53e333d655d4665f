"""Whether two machines have the same of this software: the same version and weights, to the letter."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..version import __version__

_PARTS = ("*.py", "*.json", "*.fatbin", "*.safetensors")


def fingerprint() -> str:
    """The version, and a checksum of every file of the core that has a part in what becomes of a photo."""
    core = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for part in _PARTS for path in core.rglob(part)):
        digest.update(f"{path.relative_to(core).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return f"{__version__} ({digest.hexdigest()[:12]})"
