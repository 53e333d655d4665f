"""What the training of the sphere's network is set to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SphereSettings:
    """Fields of view and tilts in degrees, exposures in stops."""

    seed: int = 7
    width: int = 24
    dropout: float = 0.3
    batch: int = 96
    rate: float = 2e-3
    decay: float = 0.1
    ema: float = 0.999
    fov: tuple[float, float] = (40.0, 110.0)
    tilt: tuple[float, float] = (-30.0, 30.0)
    clip_share: float = 0.5
    clip_stops: tuple[float, float] = (0.0, 6.0)
    tint: float = 0.25
    contrast: float = 0.15
    views_held: int = 8
    weight_angle: float = 0.02
    weight_energy: float = 0.2
    weight_picture: float = 0.1
    weight_glossy: float = 0.2
