"""A photo file becomes an EXR file: the one way that the operator, the command line and scripts all take."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .atomic import replacing
from .errors import Cancelled, DeviceError, OutputError
from .exr import SOFTWARE, is_ours, write_exr
from .projection import resolve_projection
from .runtime import require
from .settings import Conversion, ConvertSettings, IsCancelled, Progress
from .sun import Sun
from .version import __version__

if TYPE_CHECKING:
    from .photo import Photo
    from .reconstruct import Radiance

_DEFAULTS = ConvertSettings()
_STAGES = {"Reading": (0.0, 0.05), "Restoring light": (0.05, 0.9), "Writing": (0.9, 1.0)}  # parts of the whole, roughly by time


def convert(
    source: Path | str,
    output: Path | str,
    settings: ConvertSettings = _DEFAULTS,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
) -> Conversion:
    """Convert the photo `source` into the EXR file `output`: linear Rec.709 radiance, 1.0 = the photo's white.

    The same photo and settings give the same bytes on the same machine, whoever calls. `output` appears whole or not at all.
    An existing file is replaced if this software wrote it, or if `overwrite` is True; the source never is.
    `progress` hears of fractions that never fall; `cancelled` is asked between steps.

    Raises an HdrError: PhotoError, ProjectionError, OutputError, DeviceError, WeightsError, RuntimeMissingError, Cancelled.
    """
    began = time.perf_counter()
    source, output = Path(source), Path(output)
    steps = _Steps(progress, cancelled)
    try:
        steps.enter("Reading")
        require("numpy")
        from .photo import read_photo

        photo = read_photo(source)
        projection = resolve_projection(photo.width, photo.height, settings.projection)
        _check_output(source, output, overwrite=overwrite)  # now, because restoring may take minutes

        steps.enter("Restoring light")
        from .reconstruct import reconstruct

        with ThreadPoolExecutor(1) as beside:
            range_before = beside.submit(_range_of, photo)
            radiance = reconstruct(
                photo,
                panorama=projection == "equirectangular",
                input_curve=settings.input_curve,
                device=settings.device,
                progress=steps.within,
                cancelled=cancelled,
            )

        steps.enter("Writing")
        seen = _look_at(radiance, projection, range_before.result())
        pixel_type = write_exr(
            output,
            radiance.pixels,
            alpha=photo.alpha,
            compression=settings.compression,
            header=_header(settings, projection, radiance, seen),
            overwrite=True,  # _check_output has decided
        )
    except MemoryError as error:
        raise DeviceError(
            "There is not enough memory for this picture.", "Close other programs, or make it smaller."
        ) from error
    steps.within(1.0)
    return Conversion(
        source=str(source),
        output=str(output),
        width=photo.width,
        height=photo.height,
        projection=projection,
        input_curve=radiance.input_curve,
        pixel_type=pixel_type,
        device=radiance.device,
        weights=radiance.weights,
        peak=seen.peak,
        restored_share=radiance.restored.share,
        restored_low=radiance.restored.low,
        restored_high=radiance.restored.high,
        seconds=time.perf_counter() - began,
        range_before=seen.range_before,
        range_after=seen.range_after,
        sun=seen.sun,
    )


class _Steps:
    """Maps each stage's own progress to the whole, and asks between stages whether to go on."""

    def __init__(self, progress: Progress | None, cancelled: IsCancelled | None) -> None:
        self._progress = progress
        self._cancelled = cancelled
        self._stage = ""
        self._reached = 0.0

    def enter(self, stage: str) -> None:
        if self._cancelled is not None and self._cancelled():
            raise Cancelled
        self._stage = stage
        self.within(0.0)

    def within(self, fraction: float, detail: str = "") -> None:
        """`fraction` of the present stage, in [0, 1], is done; `detail` says more of it than its name."""
        low, high = _STAGES[self._stage]
        self._reached = max(self._reached, low + (high - low) * min(fraction, 1.0))
        if self._progress is not None:
            self._progress(self._reached, detail or self._stage)


class _OnlyTrying(Exception):
    """Leaves the trial write of `_check_output`, so that nothing comes of it."""


def _check_output(source: Path, output: Path, *, overwrite: bool) -> None:
    """Raise OutputError if `output` may not be written, or cannot be: found out by opening a file beside it."""
    if output.suffix.lower() != ".exr":
        raise OutputError(f'The output "{output}" does not end in .exr.', f'Name it "{output.stem}.exr".')
    with suppress(_OnlyTrying), replacing(output, overwrite=True):
        raise _OnlyTrying
    if output.exists() and output.samefile(source):
        raise OutputError(f'The output "{output}" is the photo itself.', "Choose another name.")
    if os.path.lexists(output) and not overwrite and not is_ours(output):
        raise OutputError(
            f'"{output}" exists and was not made by this software.', "Choose another name, or allow it to be overwritten."
        )


@dataclass(frozen=True)
class _Seen:
    """What the result shows; see `Conversion`."""

    peak: float
    range_before: float
    range_after: float
    sun: Sun | None


def _range_of(photo: Photo) -> float:
    from .light import dynamic_range
    from .photo import srgb_decode

    return dynamic_range(photo.pixels, lambda codes: srgb_decode(codes / photo.white))


def _look_at(radiance: Radiance, projection: Literal["equirectangular", "flat"], range_before: float) -> _Seen:
    from .light import dynamic_range, find_sun

    sun = find_sun(radiance.pixels) if projection == "equirectangular" else None
    return _Seen(float(radiance.pixels.max()), range_before, dynamic_range(radiance.pixels), sun)


def _header(
    settings: ConvertSettings, projection: Literal["equirectangular", "flat"], radiance: Radiance, seen: _Seen
) -> dict[str, str]:
    """What the file says of its making. Nothing that differs between callers: no paths, no times."""
    return {
        "software": f"{SOFTWARE} {__version__}",
        "settings": json.dumps(asdict(settings), sort_keys=True),
        "projection": projection,
        "inputCurve": radiance.input_curve,
        "restoredLight": radiance.restored.in_numbers(),
        "dynamicRange": f"{seen.range_before:.2f} to {seen.range_after:.2f} stops",
        "peak": f"{seen.peak:.5g}",
        "sun": seen.sun.in_numbers() if seen.sun is not None else "none",
        "weights": radiance.weights,
        "device": radiance.device,
    }
