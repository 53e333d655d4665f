"""What a conversion is asked for, and what it did. Plain data: no torch, no bpy, cheap to import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from .errors import HdrError
from .restored import RestoredLight
from .source_view import SourceView
from .sun import Sun

Projection = Literal[
    "auto",
    "equirectangular",
    "flat",
    "tileable",
    "perspective",
    "cylindrical",
    "fisheye",
    "dual_fisheye",
    "mirror_ball",
    "cube",
    "by_shape",
]
Shape = Literal["equirectangular", "flat", "tileable"]
"""What a result is."""

Scale = Literal["white", "grey", "absolute", "watts"]
InputCurve = Literal["auto", "srgb", "camera"]
Compression = Literal["zip", "dwaa"]
Device = Literal["auto", "cuda", "mps", "cpu"]

Progress = Callable[[float, str], None]
"""Called with the fraction done, in [0, 1], and the stage's name."""

IsCancelled = Callable[[], bool]
"""Asked between steps; True makes the conversion raise `Cancelled`."""


_CHOICES = {"projection": Projection, "scale": Scale, "input_curve": InputCurve, "compression": Compression, "device": Device}
_MOST = {"fov": 360.0, "pitch": 90.0, "roll": 180.0, "yaw": 360.0}


@dataclass(frozen=True)
class ConvertSettings:
    """How a photo becomes radiance.

    projection: what the picture is. "auto" finds out, by metadata, shape and look; whatever it is, the result is a whole
        sphere of light: what the picture does not show is filled in. "flat" converts a picture as a picture: same size, no
        sphere; "tileable" likewise, as one whose edges join. "by_shape": a picture that is exactly 2:1 is a panorama, any
        other stays flat. The others insist.
    fov: the picture's horizontal field of view in degrees; of a fisheye, what one circle holds. 0: as the picture tells.
    pitch, roll, yaw: degrees to turn the photo by, beside what its metadata say: up, clockwise, and to the left of the
        panorama's middle.
    scale: what 1.0 is. "white": the photo's white; "grey": such that the photo's middle brightness becomes 0.18; "absolute":
        1 cd/m2, from the exposure that the photo's EXIF tells; "watts": the same as W/(m2 sr), which Blender's lamps count in.
    input_curve: how light became code values. "srgb": by the plain sRGB curve, which is undone exactly; "camera": by a camera's
        own, which the network estimates from the photo; "auto": the network tells which of the two.
    compression: of the EXR. "zip" is lossless, "dwaa" smaller and lossy: highlights move by about 1%.
    device: where the network runs; "auto" takes the GPU where there is one.

    Raises HdrError on a value that is none of these.
    """

    projection: Projection = "auto"
    input_curve: InputCurve = "auto"
    compression: Compression = "zip"
    device: Device = "auto"
    fov: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    yaw: float = 0.0
    scale: Scale = "white"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in get_args(choices):
                raise HdrError(f"{name}={value!r} is not known.", f"Choose one of {', '.join(get_args(choices))}.")
        for name, most in _MOST.items():
            value = getattr(self, name)
            least = 0.0 if name == "fov" else -most
            if not least <= value <= most:
                raise HdrError(f"{name}={value!r} is not possible.", f"Give {least:g} to {most:g} degrees.")


@dataclass(frozen=True)
class Conversion:
    """What a conversion did. Its fields are plain values, or dataclasses of such, so that it travels as JSON.

    restored_share: how much of the irradiance comes from clipped pixels, in [0, 1]; of a flat picture, of its light. In 80% of
    photos the truth lies between restored_low and restored_high. All three are 0 where nothing clipped.
    range_before, range_after: stops between the darkest and the brightest of the photo and of the result, see
        `light.dynamic_range`. sun: None where a panorama has none, and for other pictures.
    """

    source: str
    output: str
    width: int
    height: int
    projection: Shape  # of the result
    input_curve: Literal["srgb", "camera", "linear"]  # what the photo was taken for; "linear": it was HDR already
    pixel_type: Literal["half", "float"]
    device: str
    weights: str  # the version of the weights
    peak: float  # largest radiance, photo white = 1 whatever the scale
    restored_share: float
    restored_low: float
    restored_high: float
    seconds: float
    range_before: float
    range_after: float
    sun: Sun | None
    view: SourceView
    white: float  # what the photo's white is in the file: 1, or as the scale has it
    white_is: str = ""  # the same in words, with what it was told from; empty where it is 1

    @classmethod
    def from_plain(cls, fields: Mapping[str, Any]) -> Conversion:
        """From `dataclasses.asdict`, also after a way through JSON. Raises TypeError where fields are missing or unknown."""
        sun = Sun.from_plain(fields["sun"]) if fields.get("sun") else None
        return cls(**{**fields, "sun": sun, "view": SourceView.from_plain(fields.get("view") or {})})

    @property
    def restored(self) -> RestoredLight:
        """The three fields in one, which can say itself in words."""
        return RestoredLight(self.restored_share, self.restored_low, self.restored_high)

    @property
    def peak_in_words(self) -> str:
        """How many times the photo's white, with as many digits as it is worth."""
        return f"{self.peak:,.0f}" if self.peak >= 100 else f"{self.peak:.3g}"
