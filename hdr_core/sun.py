"""The sun of a panorama, in numbers and in words. No numpy, no torch, no bpy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LUMINANCE = (0.2126, 0.7152, 0.0722)


@dataclass(frozen=True)
class Sun:
    """A compact source that rules the light of a panorama. All fields are plain values.

    azimuth: degrees, in [-180, 180), as a rotation about Blender's +Z: 0 is the panorama's middle (+X), 90 its
        left quarter (+Y).
    elevation: degrees above the horizon, in [-90, 90].
    diameter: degrees, of the even disc that would have the same light and the same brightness.
    irradiance: (red, green, blue) on a plane that faces the sun, in the map's units: radiance times steradian. It is what
        `without_sun` takes out, and what Blender calls the strength of a sun light.
    share: of all the light that the panorama sends, in [0, 1].
    reach: degrees from its middle to where its glow ends.
    """

    azimuth: float
    elevation: float
    diameter: float
    irradiance: tuple[float, float, float]
    share: float
    reach: float

    @classmethod
    def from_plain(cls, fields: Mapping[str, Any]) -> Sun:
        """From `dataclasses.asdict`, also after a way through JSON."""
        return cls(**{**fields, "irradiance": tuple(fields["irradiance"])})

    @property
    def luminous(self) -> float:
        """The luminance of `irradiance`."""
        return sum(weight * value for weight, value in zip(LUMINANCE, self.irradiance, strict=True))

    @property
    def direction(self) -> tuple[float, float, float]:
        """A unit vector towards the sun, in Blender's axes, of an environment that is not turned."""
        azimuth, elevation = math.radians(self.azimuth), math.radians(self.elevation)
        across = math.cos(elevation)
        return across * math.cos(azimuth), across * math.sin(azimuth), math.sin(elevation)

    def in_words(self) -> str:
        """A sentence, the same wherever it is shown."""
        side = "left" if self.azimuth > 0 else "right"
        return (
            f"The sun stands {self.elevation:.0f}° high, {abs(self.azimuth):.0f}° {side} of the middle; "
            f"it is {self.diameter:.1f}° wide and gives {self.share:.0%} of the light."
        )

    def in_numbers(self) -> str:
        """As a file's header has it: the fields by name."""
        red, green, blue = self.irradiance
        return (
            f"azimuth {self.azimuth:.2f}, elevation {self.elevation:.2f}, diameter {self.diameter:.2f}, "
            f"irradiance {red:.4g} {green:.4g} {blue:.4g}, share {self.share:.3f}"
        )
