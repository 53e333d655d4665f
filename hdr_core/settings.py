"""What a conversion is asked for, and what it did. Plain data: no torch, no bpy, cheap to import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from .errors import HdrError
from .restored import RestoredLight
from .sun import Sun

Projection = Literal["auto", "equirectangular", "flat", "tileable"]
Shape = Literal["equirectangular", "flat", "tileable"]
"""What a picture was taken for."""

InputCurve = Literal["auto", "srgb", "camera"]
Compression = Literal["zip", "dwaa"]
Device = Literal["auto", "cuda", "mps", "cpu"]

Progress = Callable[[float, str], None]
"""Called with the fraction done, in [0, 1], and the stage's name."""

IsCancelled = Callable[[], bool]
"""Asked between steps; True makes the conversion raise `Cancelled`."""


_CHOICES = {"projection": Projection, "input_curve": InputCurve, "compression": Compression, "device": Device}


@dataclass(frozen=True)
class ConvertSettings:
    """How a photo becomes radiance.

    projection: "auto" takes a 2:1 picture as an equirectangular panorama and refuses others; "equirectangular" insists on a
        panorama; "flat" converts any picture as a picture, with no wrap; "tileable" as one whose opposite edges join.
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

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in get_args(choices):
                raise HdrError(f"{name}={value!r} is not known.", f"Choose one of {', '.join(get_args(choices))}.")


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
    projection: Shape
    input_curve: Literal["srgb", "camera"]  # what the photo was taken for
    pixel_type: Literal["half", "float"]
    device: str
    weights: str  # the version of the weights
    peak: float  # largest radiance, photo white = 1
    restored_share: float
    restored_low: float
    restored_high: float
    seconds: float
    range_before: float
    range_after: float
    sun: Sun | None

    @classmethod
    def from_plain(cls, fields: Mapping[str, Any]) -> Conversion:
        """From `dataclasses.asdict`, also after a way through JSON. Raises TypeError where fields are missing or unknown."""
        return cls(**{**fields, "sun": Sun.from_plain(fields["sun"]) if fields.get("sun") else None})

    @property
    def restored(self) -> RestoredLight:
        """The three fields in one, which can say itself in words."""
        return RestoredLight(self.restored_share, self.restored_low, self.restored_high)
