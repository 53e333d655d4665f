"""A source's light: restored by the network, from its gain map as far as that goes, or as it is where it is HDR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .colour import srgb_encode
from .gain_map import GainMap, apply_gain
from .photo import HdrPicture, Photo
from .reconstruct import Radiance, reconstruct
from .restored import RestoredLight
from .settings import ConvertSettings, IsCancelled, Progress

NOTHING_RESTORED = RestoredLight(0.0, 0.0, 0.0)
_NEAR_LIMIT = (0.9, 0.97)  # of what picture and map can hold: from here on the network's light is taken
_ROWS = 256
_BEYOND = 16  # of a panorama that wraps, a sixteenth is seen again beyond each end


def develop(
    source: Photo | HdrPicture,
    settings: ConvertSettings,
    *,
    panorama: bool,
    wraps: bool = False,
    quick: bool = False,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
) -> Radiance:
    """The source's radiance, pixel by pixel, 1.0 = its white; of an HDR picture, its own values.

    panorama: it is a whole sphere, 2:1. wraps: its left and right edge join, though it is none. quick: for a preview.
    Raises as `reconstruct`.
    """
    if isinstance(source, HdrPicture):
        return Radiance(source.light, "linear", NOTHING_RESTORED, "none", "none")

    def restore(photo: Photo) -> Radiance:
        return reconstruct(
            photo,
            panorama=panorama,
            input_curve=settings.input_curve if photo.gain is None else "srgb",
            device=settings.device,
            quick=quick,
            progress=progress,
            cancelled=cancelled,
        )

    if not wraps or panorama:
        return _developed(source, restore)
    margin = max(1, source.width // _BEYOND)
    wide = _developed(_widened(source, margin), restore)
    return replace(wide, pixels=np.ascontiguousarray(wide.pixels[:, margin:-margin]), survey=None)


def _widened(photo: Photo, margin: int) -> Photo:
    def wide(pixels: np.ndarray) -> np.ndarray:
        return np.concatenate([pixels[:, -margin:], pixels, pixels[:, :margin]], 1)

    if photo.gain is None:
        return replace(photo, pixels=wide(photo.pixels))
    part = max(1, photo.gain.pixels.shape[1] * margin // photo.width)
    map_ = photo.gain.pixels
    gain = replace(photo.gain, pixels=np.concatenate([map_[:, -part:], map_, map_[:, :part]], 1))
    return replace(photo, pixels=wide(photo.pixels), gain=gain)


def _developed(photo: Photo, restore: Callable[[Photo], Radiance]) -> Radiance:
    return restore(photo) if photo.gain is None else _beyond_gain(photo, photo.gain, restore)


def _beyond_gain(photo: Photo, gain: GainMap, restore: Callable[[Photo], Radiance]) -> Radiance:
    """The light of picture and map; where both are at their limit, what the network makes of a photo exposed for it."""
    light = apply_gain(photo.pixels, gain)
    limit = np.float32(gain.limit)
    if not (light.max(-1) > _NEAR_LIMIT[0] * limit).any():
        return Radiance(light, "srgb", NOTHING_RESTORED, "none", "none")
    codes = np.empty(light.shape, np.uint16)
    for top in range(0, len(light), _ROWS):
        rows = slice(top, top + _ROWS)
        codes[rows] = np.rint(srgb_encode((light[rows] / limit).clip(0, 1)) * 65535)
    beyond = restore(replace(photo, pixels=codes))
    low, high = _NEAR_LIMIT
    for top in range(0, len(light), _ROWS):
        rows = slice(top, top + _ROWS)
        share = ((light[rows].max(-1, keepdims=True) / limit - low) / (high - low)).clip(0, 1)
        light[rows] += share * (beyond.pixels[rows] * limit - light[rows])
    return replace(beyond, pixels=light, input_curve="srgb", survey=None)
