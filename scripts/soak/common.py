"""What the soaks share: small photos, the worker, and what may be in a folder afterwards."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from hdr_core.client import WorkerClient  # noqa: E402
from hdr_core.settings import ConvertSettings  # noqa: E402

FLAT = ConvertSettings("flat")


class Fault(Exception):
    """What must not happen, happened."""


def worker(variables: Mapping[str, str] | None = None) -> WorkerClient:
    """With this process's PYTHONPATH, which workers ignore otherwise."""
    paths = [Path(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return WorkerClient(Path(sys.executable), extra_paths=paths, variables=variables)


def take_photo(path: Path, width: int = 64, height: int = 32, seed: int = 0) -> Path:
    """A noisy picture with a clipped sun, in the format that its suffix names."""
    from PIL import Image

    chance = np.random.default_rng(seed)
    pixels = chance.integers(40, 200, (height, width, 3), dtype=np.uint8)
    top, left = chance.integers(0, height // 2), chance.integers(0, width // 2)
    pixels[top : top + height // 8 + 1, left : left + width // 8 + 1] = 255
    Image.fromarray(pixels).save(path)
    return path


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def convert_in_peace(photo: Path, output: Path, settings: ConvertSettings = FLAT) -> str:
    """The checksum of what comes of it when nothing disturbs."""
    client = worker()
    try:
        client.convert(photo, output, settings, overwrite=True).wait()
    finally:
        client.close()
    return checksum(output)


def expect_only(folder: Path, *names: str) -> None:
    """Fault where anything else is in it, hidden or not."""
    found = sorted(path.name for path in folder.iterdir())
    if found != sorted(names):
        raise Fault(f"{folder} holds {found}, not {sorted(names)}")
