"""Views of panoramas, as photos would show them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from hdr_core.exr import read_exr
from hdr_core.projection.lenses import Equirectangular, Perspective
from hdr_core.projection.resample import rotation, to_map
from hdr_core.sphere.patch import pixel_directions

FIELDS = (50, 70, 100)
"""Degrees across, of a view of 4:3."""

_ASPECT = 4 / 3


def read_panorama(path: Path, height: int) -> np.ndarray:
    """(height, 2 height, 3) float32: the file's light, averaged by solid angle."""
    light = read_exr(path)[0][..., :3].clip(0)
    rows, columns = light.shape[:2]
    if rows == height:
        return light
    lens = Equirectangular(columns, rows, columns / (2 * np.pi), wraps=True, whole=True)
    return to_map(light, lens, np.eye(3), 2 * height).pixels


def small_panorama(path: Path) -> np.ndarray:
    """As `read_panorama`, small enough to look at many."""
    return read_panorama(path, 64)


def view_mask(height: int, width: int, fov: float, pitch: float) -> np.ndarray:
    """(height, width) bool: which of a panorama's pixels a view towards its middle shows."""
    directions = pixel_directions(height, width, np.arange(height), np.arange(width)) @ rotation(pitch, 0, 0)
    lens = perspective(256, fov)
    seen = next(iter(lens.look(torch.from_numpy(directions).float())))
    return (seen.inside >= 0).numpy()


def perspective(width: int, fov: float) -> Perspective:
    """The lens of a view of this width in pixels."""
    return Perspective(width, round(width / _ASPECT), width / 2 / np.tan(np.radians(fov) / 2))


def cut_view(panorama: np.ndarray, width: int, fov: float, pitch: float, fine: int = 4) -> np.ndarray:
    """The view towards the panorama's middle, (h, width, 3) linear, each pixel a mean of fine x fine looks."""
    lens = perspective(width, fov)
    rows, columns = panorama.shape[:2]
    y, x = (np.mgrid[0 : lens.height * fine, 0 : width * fine] + 0.5) / fine
    towards = np.stack([np.full_like(x, lens.focal), width / 2 - x, lens.height / 2 - y], -1)
    towards = towards / np.linalg.norm(towards, axis=-1, keepdims=True) @ rotation(pitch, 0, 0).T
    row = ((0.5 - np.arcsin(towards[..., 2].clip(-1, 1)) / np.pi) * rows).astype(int).clip(0, rows - 1)
    column = ((0.5 - np.arctan2(towards[..., 1], towards[..., 0]) / (2 * np.pi)) * columns).astype(int) % columns
    looked = panorama[row, column]
    return looked.reshape(lens.height, fine, width, fine, 3).mean((1, 3)).astype(np.float32)
