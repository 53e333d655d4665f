"""Three balls in the light of a panorama: what a diffuse, a glossy and a mirroring surface would show. numpy only.

The camera stands before the balls and looks towards the panorama's middle, so what is left there is left on the balls, and what
lies behind the camera is in the middle of the mirror. Axes: x right, y up, z the way the camera looks; no perspective.
"""

from __future__ import annotations

import numpy as np

from .light import look_up, row_weights, shrink_sphere

NAMES = ("Diffuse", "Glossy", "Mirror")
ALBEDO = 0.8
"""Of the diffuse ball; the other two reflect everything."""
SHARPNESS = 32
"""Of the glossy ball: the Phong lobe cos^32 about the mirrored direction, half as wide as a hand at arm's length."""

_COARSE = (48, 96)  # of the blurred panoramas: 3.75 degrees, where the lobe is 24 degrees wide
_FINE = (256, 512)  # of the mirrored one: as many texels as the ball has pixels
_SAMPLES = 3  # per pixel, along each axis
_ROWS = 256


def balls(radiance: np.ndarray, diameter: int) -> np.ndarray:
    """The balls called NAMES, lit by a panorama, (H, 2H, 3) linear: (3, diameter, diameter, 3) linear float32.

    In a panorama that is 1.0 everywhere the diffuse ball is ALBEDO, the others are 1.0; around them is 0, see `coverage`.
    """
    coarse = shrink_sphere(radiance, *_COARSE)
    normals, inside = _normals(diameter)
    mirrored = np.array([0, 0, 1], np.float32) - 2 * normals[..., 2:] * normals
    shades = (
        ALBEDO * look_up(_blurred(coarse, 1), normals),
        look_up(_blurred(coarse, SHARPNESS), mirrored),
        look_up(shrink_sphere(radiance, *_FINE), mirrored),
    )
    return np.stack([_downsampled(shade * inside[..., None]) / _covered(inside) for shade in shades]).astype(np.float32)


def coverage(diameter: int) -> np.ndarray:
    """How much of each pixel a ball covers, (diameter, diameter) float32 in [0, 1]."""
    return _downsampled(_normals(diameter)[1][..., None].astype(np.float32))[..., 0]


def _normals(diameter: int) -> tuple[np.ndarray, np.ndarray]:
    """At every sample: the normal towards the camera, unit length, and whether the ball is there at all."""
    at = ((np.arange(diameter * _SAMPLES, dtype=np.float32) + 0.5) / (diameter * _SAMPLES) - 0.5) * 2
    x, y = np.meshgrid(at, -at)
    square = x * x + y * y
    return np.stack([x, y, -np.sqrt(np.maximum(1 - square, 0))], axis=-1), square <= 1


def _downsampled(samples: np.ndarray) -> np.ndarray:
    size = len(samples) // _SAMPLES
    return samples.reshape(size, _SAMPLES, size, _SAMPLES, -1).mean((1, 3))


def _covered(inside: np.ndarray) -> np.ndarray:
    """How much of each pixel is ball, at least one sample: the colour at the rim is that of the ball alone."""
    return np.maximum(_downsampled(inside[..., None].astype(np.float32)), 1 / _SAMPLES**2)


def _directions(height: int, width: int) -> np.ndarray:
    """Of the texels' middles, (height, width, 3)."""
    up = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
    right = ((np.arange(width) + 0.5) / width - 0.5) * 2 * np.pi
    flat = np.cos(up)[:, None]
    directions = np.stack([flat * np.sin(right), np.sin(up)[:, None] + 0 * right, flat * np.cos(right)], axis=-1)
    return directions.astype(np.float32)


def _blurred(panorama: np.ndarray, exponent: int) -> np.ndarray:
    """For every direction of a small panorama the mean of the light around it, weighted by cos^exponent of the angle to it."""
    height, width = panorama.shape[:2]
    directions = _directions(height, width).reshape(-1, 3)
    weights = np.repeat(row_weights(height, panorama=True), width).astype(np.float32)
    light = np.concatenate([panorama.reshape(-1, 3) * weights[:, None], weights[:, None]], axis=1)
    blurred = np.empty((len(directions), 4), np.float32)
    for start in range(0, len(directions), _ROWS):
        lobe = np.maximum(directions[start : start + _ROWS] @ directions.T, 0)
        for _ in range(exponent.bit_length() - 1):  # a power of two, by squaring
            lobe *= lobe
        blurred[start : start + _ROWS] = lobe @ light
    return (blurred[:, :3] / blurred[:, 3:]).reshape(height, width, 3)
