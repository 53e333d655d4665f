"""What is told of a conversion's result: what it shows, and what its file's header says."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .settings import ConvertSettings, Shape
from .sun import Sun
from .version import SOFTWARE, __version__

if TYPE_CHECKING:
    import numpy as np

    from .photo import HdrPicture, Photo
    from .reconstruct import Radiance
    from .source_view import SourceView
    from .survey import Survey


@dataclass(frozen=True)
class Seen:
    """What the result shows; see `Conversion`."""

    peak: float
    white: float
    range_before: float
    range_after: float
    sun: Sun | None


def range_of(picture: Photo | HdrPicture) -> float:
    """The dynamic range of a source, in stops, see `light.dynamic_range`."""
    from .photo import HdrPicture

    if isinstance(picture, HdrPicture):
        from .light import dynamic_range

        return dynamic_range(picture.light)
    import numpy as np

    from .colour import srgb_decode
    from .light import dynamic_range_of_codes

    table = srgb_decode(np.arange(picture.white + 1) / picture.white)
    return dynamic_range_of_codes(picture.pixels, table.take)


def look_at(light: np.ndarray, white: float, projection: Shape, range_before: float, known: Survey | None = None) -> Seen:
    """What a result, (H, W, 3) linear with `white` for the photo's white, shows. known: its survey, where there is one."""
    from .light import dynamic_range, find_sun
    from .survey import survey

    seen = known or survey(light)
    sun = find_sun(light, seen) if projection == "equirectangular" else None
    return Seen(seen.largest / white, white, range_before, dynamic_range(light, seen), sun)


def header(
    settings: ConvertSettings,
    projection: Shape,
    radiance: Radiance,
    seen: Seen,
    view: SourceView,
    white_is: str = "",
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
        **({"whiteIs": white_is} if white_is else {}),
    }
