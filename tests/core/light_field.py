"""A world whose light is known in every direction, and pictures of it."""

from __future__ import annotations

import math

import numpy as np

from hdr_core.projection.face_files import FACES
from hdr_core.projection.lenses import Circle, Cylindrical, DualFisheye, Equirectangular, Fisheye, Lens, MirrorBall, Perspective

LAMP = np.array([0.8, 0.3, 0.2]) / np.linalg.norm([0.8, 0.3, 0.2])


def field(direction: np.ndarray) -> np.ndarray:
    """(..., 3) light: a sky, a ground, and a lamp 20 times as bright, some degrees wide."""
    base = 1 + 0.5 * direction[..., 2] + 0.3 * direction[..., 0] * direction[..., 1]
    lamp = 20 * np.exp(200 * (direction @ LAMP - 1))
    return np.stack([base + lamp, 0.7 * base + lamp, 1.2 - 0.4 * direction[..., 2] + lamp], -1)


def picture(lens: Lens) -> np.ndarray:
    """What a camera with this lens sees of the world, (H, W, 3) float32; black where it sees nothing."""
    y, x = np.mgrid[0 : lens.height, 0 : lens.width] + 0.5
    towards, there = _towards(lens, x, y)
    towards = towards / np.linalg.norm(towards, axis=-1, keepdims=True)
    return (field(towards) * there[..., None]).astype(np.float32)


def _towards(lens: Lens, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Written down anew, the other way round: from a place in the picture to the direction that is seen there."""
    all_ = np.ones(x.shape, bool)
    match lens:
        case Perspective():
            return np.stack([np.full_like(x, lens.focal), lens.width / 2 - x, lens.height / 2 - y], -1), all_
        case Equirectangular():
            azimuth, latitude = lens.left - x / lens.density, lens.top - y / lens.density
            flat = np.cos(latitude)
            return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(latitude)], -1), all_
        case Cylindrical():
            azimuth = (lens.width / 2 - x) / lens.density
            return np.stack([np.cos(azimuth), np.sin(azimuth), (lens.horizon - y) / lens.density], -1), all_
        case Fisheye():
            return _in_circle(lens.circle, lens.half, x, y)
        case DualFisheye():
            front, there = _in_circle(lens.circles[0], lens.half, x, y)
            back, also = _in_circle(lens.circles[1], lens.half, x, y)
            return np.where(there[..., None], front, back * [-1, -1, 1]), there | also
        case MirrorBall():
            left, up = -(x - lens.circle.x) / lens.circle.radius, -(y - lens.circle.y) / lens.circle.radius
            there = left**2 + up**2 < 1
            normal = np.stack([-np.sqrt((1 - left**2 - up**2).clip(0)), left, up], -1)
            return np.array([1.0, 0, 0]) - 2 * normal[..., :1] * normal, there
    raise TypeError(lens)


def _in_circle(circle: Circle, half: float, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    away = np.hypot(x - circle.x, y - circle.y)
    angle = away / circle.radius * half
    aside = np.sin(angle) / np.maximum(away, 1e-9)
    return np.stack([np.cos(angle), -(x - circle.x) * aside, -(y - circle.y) * aside], -1), away < circle.radius


def cube_faces(size: int) -> np.ndarray:
    """(6, size, size, 3), seen from inside, in the order of FACES; top and bottom join the front."""
    y, x = (np.mgrid[0:size, 0:size] + 0.5) * 2 / size - 1
    one = np.ones_like(x)
    seen = {
        "front": (one, -x, -y),
        "right": (-x, -one, -y),
        "back": (-one, x, -y),
        "left": (x, one, -y),
        "top": (y, -x, one),
        "bottom": (-y, -x, -one),
    }
    towards = np.stack([np.stack(seen[name], -1) for name in FACES])
    return field(towards / np.linalg.norm(towards, axis=-1, keepdims=True)).astype(np.float32)


LENSES: dict[str, Lens] = {
    "perspective": Perspective(300, 200, 200.0),
    "whole": Equirectangular(512, 256, 256 / math.pi, wraps=True, whole=True),
    "part": Equirectangular(400, 150, 150.0, 400 / 300, 0.6),
    "sweep": Cylindrical(640, 150, 640 / (2 * math.pi), 75.0, wraps=True),
    "fisheye": Fisheye(300, 300, Circle(150, 150, 150), math.radians(95)),
    "cropped fisheye": Fisheye(300, 200, Circle(150, 100, math.hypot(150, 100)), math.radians(80), cropped=True),
    "dual": DualFisheye(600, 300, (Circle(150, 150, 150), Circle(450, 150, 150)), math.radians(96)),
    "ball": MirrorBall(400, 400, Circle(200, 200, 200)),
}
