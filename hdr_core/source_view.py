"""What part of the world a photo shows, in numbers and in words. Plain data: no numpy, no torch, no bpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAMES = {
    "equirectangular": "panorama",
    "flat": "picture",
    "perspective": "perspective photo",
    "cylindrical": "cylindrical panorama",
    "fisheye": "fisheye",
    "dual_fisheye": "dual fisheye",
    "mirror_ball": "mirror ball",
    "cube": "cube map",
}


@dataclass(frozen=True)
class SourceView:
    """kind: the photo's projection. fov, vertical_fov: degrees that it covers; 0 of a flat picture.

    known_from: how the kind is known, and fov_from: how the field of view is, such as "EXIF"; "assumed" where nothing tells it.
    pitch, roll, yaw: degrees; where its middle lies in the panorama: above the horizon, clockwise, to the left of the middle.
    covered: the share of the sphere that it shows, in [0, 1]; the rest was filled in. gain_map: whose, or empty.
    tilt_from: how pitch and roll are known; empty where nothing tells them. orientation: EXIF's, which a program that shows the
    photo's file may have to apply.
    """

    kind: str
    known_from: str
    fov: float = 0.0
    vertical_fov: float = 0.0
    fov_from: str = ""
    pitch: float = 0.0
    roll: float = 0.0
    yaw: float = 0.0
    covered: float = 1.0
    gain_map: str = ""
    orientation: int = 1
    tilt_from: str = ""

    @classmethod
    def from_plain(cls, fields: Mapping[str, Any]) -> SourceView:
        """From `dataclasses.asdict`, also after a way through JSON. Raises TypeError where fields are unknown."""
        return cls(**fields)

    def in_words(self) -> str:
        """A sentence, the same wherever it is shown."""
        text = f"Taken as a {NAMES.get(self.kind, self.kind)} ({self.known_from})"
        if self.fov and self.kind != "cube" and not (self.kind == "equirectangular" and self.fov >= 360):
            ask = ": give it if you know it" if self.fov_from.startswith("assumed") else ""
            text += f"; field of view {self.fov:.0f}° ({self.fov_from}{ask})"
        if self.covered < 0.995:
            text += f"; it shows {self.covered:.0%} of the sphere, the rest was filled in"
        if abs(self.pitch) >= 0.5 or abs(self.roll) >= 0.5:
            known = f" ({self.tilt_from})" if self.tilt_from else ""
            text += f"; tilt {self.pitch:+.1f}°, roll {self.roll:+.1f}°{known}"
        if self.gain_map:
            text += f"; its {self.gain_map} gain map was used"
        return text + "."
