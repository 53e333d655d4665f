"""A round patch of an equirectangular panorama: its pixels, where they are, and how much of the sphere each covers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Patch:
    """The pixels within `radius` of `centre`, and those of the rectangle around them.

    rows, columns: where they are in the panorama, as `np.ix_` takes them; columns wrap, each appears once.
    centre: (3,) unit vector. angle: (h, w), radians from it; area: (h, w), steradians.
    latitude: (h,), azimuth: (w,), radians, of the middles of the pixels.
    """

    rows: np.ndarray
    columns: np.ndarray
    centre: np.ndarray
    angle: np.ndarray
    area: np.ndarray
    latitude: np.ndarray
    azimuth: np.ndarray

    def of(self, panorama: np.ndarray) -> np.ndarray:
        """The patch's pixels, not to be changed: (h, w) or (h, w, C)."""
        band, (left, right) = panorama[self.rows[0] : self.rows[-1] + 1], self.columns[[0, -1]]
        return band[:, left : right + 1] if left <= right else np.concatenate([band[:, left:], band[:, : right + 1]], 1)

    def around(self) -> np.ndarray:
        """(h, w), radians: in which direction from the centre each pixel lies (0 is up)."""
        up = np.array([0.0, 0.0, 1.0]) if abs(self.centre[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
        right_hand = np.cross(self.centre, up)
        right_hand /= np.linalg.norm(right_hand)
        return np.arctan2(self._along(right_hand), self._along(np.cross(right_hand, self.centre)))

    def mean_direction(self, weight: np.ndarray) -> np.ndarray:
        """The middle of `weight`, (h, w), which is no density but counts each pixel as it is: (3,) unit vector."""
        of_columns = np.cos(self.latitude) @ weight
        x, y = (float((of_columns * along(self.azimuth)).sum()) for along in (np.cos, np.sin))
        mean = np.array([x, y, float((np.sin(self.latitude) * weight.sum(1)).sum())])
        return mean / np.linalg.norm(mean)

    def _along(self, axis: np.ndarray) -> np.ndarray:
        return _cosines(self.latitude, self.azimuth, axis)


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
    latitudes, azimuths = np.pi * (0.5 - (rows + 0.5) / height), 2 * np.pi * (0.5 - (columns + 0.5) / width)
    angle = 2 * np.arcsin(np.sqrt(((1 - _cosines(latitudes, azimuths, centre)) / 2).clip(0, 1)))
    area = np.broadcast_to(row_areas(height, width)[rows, None], angle.shape)
    return Patch(rows, columns, centre, angle, area, latitudes, azimuths)


def _cosines(latitude: np.ndarray, azimuth: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """(h, w), of the angles between the directions of pixels and a unit vector."""
    across = axis[0] * np.cos(azimuth) + axis[1] * np.sin(azimuth)
    return np.cos(latitude)[:, None] * across + (axis[2] * np.sin(latitude))[:, None]


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
