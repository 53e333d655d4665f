"""A round patch of an equirectangular panorama: its pixels, where they are, and how much of the sphere each covers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Patch:
    """The pixels within `radius` of `centre`, and those of the rectangle around them.

    rows, columns: where they are in the panorama, as `np.ix_` takes them; columns wrap, each appears once.
    angle: (h, w), radians from the centre; around: (h, w), radians, in which direction from it (0 is up).
    area: (h, w), steradians; directions: (h, w, 3) unit vectors.
    """

    rows: np.ndarray
    columns: np.ndarray
    angle: np.ndarray
    around: np.ndarray
    area: np.ndarray
    directions: np.ndarray

    def of(self, panorama: np.ndarray) -> np.ndarray:
        """The patch's pixels, a copy: (h, w) or (h, w, C)."""
        return panorama[np.ix_(self.rows, self.columns)]

    def mean_direction(self, weight: np.ndarray) -> np.ndarray:
        """The middle of `weight`, (h, w), which is no density but counts each pixel as it is: (3,) unit vector."""
        mean = (self.directions * weight[..., None]).sum((0, 1))
        return mean / np.linalg.norm(mean)


def cut_patch(height: int, width: int, centre: np.ndarray, radius: float) -> Patch:
    """centre: (3,) unit vector, in Blender's axes: +X is the panorama's middle, +Y its left quarter; radius: radians."""
    latitude, longitude = math.asin(max(-1.0, min(1.0, centre[2]))), math.atan2(-centre[1], centre[0])
    top, bottom = (0.5 - (latitude + side * radius) / math.pi for side in (1, -1))
    rows = np.arange(max(0, math.floor(top * height)), min(height, math.ceil(bottom * height)))
    columns = np.arange(width)
    if abs(latitude) + radius < math.pi / 2:
        half = math.asin(math.sin(radius) / math.cos(latitude))
        left, right = (0.5 + (longitude + side * half) / (2 * math.pi) for side in (-1, 1))
        if right - left < 1 - 2 / width:
            columns = np.arange(math.floor(left * width), math.ceil(right * width)) % width
    directions = pixel_directions(height, width, rows, columns)
    angle = 2 * np.arcsin(np.clip(np.linalg.norm(directions - centre, axis=-1) / 2, 0, 1))
    up = np.array([0.0, 0.0, 1.0]) if abs(centre[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    right_hand = np.cross(centre, up)
    right_hand /= np.linalg.norm(right_hand)
    around = np.arctan2(directions @ right_hand, directions @ np.cross(right_hand, centre))
    area = np.broadcast_to(row_areas(height, width)[rows, None], angle.shape)
    return Patch(rows, columns, angle, around, area, directions)


def pixel_directions(height: int, width: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(h, w, 3) unit vectors of the middles of pixels."""
    latitude = np.pi * (0.5 - (rows + 0.5) / height)[:, None]
    azimuth = 2 * np.pi * (0.5 - (columns + 0.5) / width)
    z = np.broadcast_to(np.sin(latitude), (len(rows), len(columns)))
    return np.stack([np.cos(latitude) * np.cos(azimuth), np.cos(latitude) * np.sin(azimuth), z], -1)


def row_areas(height: int, width: int) -> np.ndarray:
    """(H,), steradians of one pixel of each row."""
    edges = np.sin(np.pi * (0.5 - np.arange(height + 1) / height))
    return 2 * np.pi / width * (edges[:-1] - edges[1:])
