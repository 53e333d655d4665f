"""What is told of a conversion's result: what it shows, and what its file's header says."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from .exr import SOFTWARE
from .settings import ConvertSettings
from .sun import Sun
from .version import __version__

if TYPE_CHECKING:
    import numpy as np

    from .photo import HdrPicture, Photo
    from .reconstruct import Radiance
    from .source_view import SourceView


@dataclass(frozen=True)
class Seen:
    """What the result shows; see `Conversion`."""

    peak: float
    white: float
    range_before: float
    range_after: float
    sun: Sun | None


def look_at(
    picture: Photo | HdrPicture, light: np.ndarray, white: float, projection: Literal["equirectangular", "flat"]
) -> Seen:
    from .colour import srgb_decode
    from .light import dynamic_range, find_sun
    from .photo import HdrPicture

    if isinstance(picture, HdrPicture):
        before = dynamic_range(picture.light)
    else:
        most = picture.white
        before = dynamic_range(picture.pixels, lambda codes: srgb_decode(codes / most))
    sun = find_sun(light) if projection == "equirectangular" else None
    return Seen(float(light.max()) / white, white, before, dynamic_range(light), sun)


def header(
    settings: ConvertSettings,
    projection: Literal["equirectangular", "flat"],
    radiance: Radiance,
    seen: Seen,
    view: SourceView,
) -> dict[str, str]:
    """What the file says of its making. Nothing that differs between callers: no paths, no times."""
    return {
        "software": f"{SOFTWARE} {__version__}",
        "settings": json.dumps(asdict(settings), sort_keys=True),
        "projection": projection,
        "sourceView": json.dumps(asdict(view), sort_keys=True),
        "white": f"{seen.white:.6g}",
        "inputCurve": radiance.input_curve,
        "restoredLight": radiance.restored.in_numbers(),
        "dynamicRange": f"{seen.range_before:.2f} to {seen.range_after:.2f} stops",
        "peak": f"{seen.peak:.5g}",
        "sun": seen.sun.in_numbers() if seen.sun is not None else "none",
        "weights": radiance.weights,
        "device": radiance.device,
    }
