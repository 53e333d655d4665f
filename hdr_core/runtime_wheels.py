"""Which wheels make the runtime, for each platform and Python: pinned by name, size and SHA-256. Standard library only.

The list, runtime_wheels.json, is written by scripts/lock_wheels.py. A target is named like "linux-x64-py311-cpu".
"""

from __future__ import annotations

import ctypes
import json
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from .errors import RuntimeMissingError

LOCK = Path(__file__).with_name("runtime_wheels.json")

Variant = Literal["auto", "cpu", "cuda"]
_PLATFORMS = {
    ("win32", "AMD64"): "windows-x64",
    ("linux", "x86_64"): "linux-x64",
    ("darwin", "arm64"): "macos-arm64",
}
_OWN_PYTHON = "Install the packages yourself (docs/install.md), and name that Python in the add-on's preferences."


@dataclass(frozen=True)
class Wheel:
    """One file. size: in bytes. source: name and SHA-256 of the archive that it is packed from, where no index has the wheel."""

    name: str
    version: str
    file: str
    size: int
    sha256: str
    source: tuple[str, str] | None = None

    @property
    def requirement(self) -> str:
        """A line of a requirements file of pip, with the hash."""
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}\n"


@lru_cache(maxsize=4)
def read_lock(path: Path = LOCK) -> dict[str, tuple[Wheel, ...]]:
    """Every target's wheels. Raises RuntimeMissingError where the list is missing or damaged."""
    try:
        lock = json.loads(path.read_text(encoding="utf-8"))
        wheels = {file: _wheel(file, entry) for file, entry in lock["wheels"].items()}
        return {target: tuple(wheels[file] for file in files) for target, files in lock["targets"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RuntimeMissingError(
            f'The list of packages "{path}" cannot be read: {error}.', "Install the extension again."
        ) from error


def _wheel(file: str, entry: dict[str, object]) -> Wheel:
    source = entry.get("source")
    pair = (str(source["file"]), str(source["sha256"])) if isinstance(source, dict) else None
    return Wheel(str(entry["name"]), str(entry["version"]), file, int(str(entry["size"])), str(entry["sha256"]), pair)


def wheels_packed_here(lock: Path = LOCK) -> list[Wheel]:
    """The wheels that no index has: they come with the extension, in its folder `wheels`."""
    return sorted({wheel for wheels in read_lock(lock).values() for wheel in wheels if wheel.source}, key=lambda w: w.file)


def this_target(variant: Variant = "auto", python: tuple[int, int] = sys.version_info[:2], lock: Path = LOCK) -> str:
    """The target for this machine. "auto": CUDA where the list has it and an NVIDIA driver is here.

    python: the version that the wheels are for. Raises RuntimeMissingError where there is none.
    """
    known = read_lock(lock)
    place = _PLATFORMS.get((sys.platform, platform.machine()))
    if place is None:
        raise RuntimeMissingError(f"There is no ready-made runtime for {sys.platform} on {platform.machine()}.", _OWN_PYTHON)
    base = f"{place}-py{python[0]}{python[1]}"
    here = [target for target in known if target.startswith(f"{base}-")]
    if not here:
        raise RuntimeMissingError(f"There is no ready-made runtime for Python {python[0]}.{python[1]}.", _OWN_PYTHON)
    if variant == "auto":
        wanted = f"{base}-cuda" if f"{base}-cuda" in here and has_nvidia_driver() else f"{base}-cpu"
        return wanted if wanted in here else here[0]
    if f"{base}-{variant}" not in here:
        other = here[0].rpartition("-")[2]
        raise RuntimeMissingError(
            f"There is no ready-made {variant} runtime for this platform and Python.", f'Choose "{other}". Or: {_OWN_PYTHON}'
        )
    return f"{base}-{variant}"


def has_nvidia_driver() -> bool:
    """Whether the CUDA driver can be loaded."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def total_size(wheels: Iterable[Wheel]) -> int:
    """What has to be downloaded, in bytes."""
    return sum(wheel.size for wheel in wheels)
