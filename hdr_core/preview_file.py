"""The file through which a preview comes from the worker: arrays, so that Blender has nothing to decode. numpy only."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .atomic import output_error


def write_preview(path: Path, photo: np.ndarray, radiance: np.ndarray) -> None:
    """As `read_preview` gives it back. Raises OutputError, DiskFullError."""
    try:
        with path.open("wb") as file:
            np.savez(file, photo=photo, radiance=radiance)
    except OSError as error:
        raise output_error(path, error) from error


def read_preview(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The photo's sRGB code values, (H, W, 3) uint8 or uint16, and its radiance, (H, W, 3) float32 linear, white = 1."""
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["photo"], arrays["radiance"]
