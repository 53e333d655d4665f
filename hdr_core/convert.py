"""A photo file becomes an EXR file: the one way that the operator, the command line and scripts all take."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from .atomic import replacing
from .errors import Cancelled, DeviceError, OutputError
from .exr import is_ours, write_exr
from .result import header, look_at
from .runtime import require
from .scale import check_scale, white_in
from .settings import Conversion, ConvertSettings, IsCancelled, Progress

_DEFAULTS = ConvertSettings()
_STAGES = {  # parts of the whole, roughly by time
    "Reading": (0.0, 0.05),
    "Restoring light": (0.05, 0.8),
    "Completing the sphere": (0.8, 0.9),
    "Writing": (0.9, 1.0),
}


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
        from .photo import HdrPicture, read_source

        picture = read_source(source)
        check_scale(settings.scale, picture.tags)
        _check_output(source, output, overwrite=overwrite)  # now, because restoring may take minutes
        require("torch")
        from .projection.choose import choose
        from .whole import as_sphere, assemble_cube, turned

        pixels = picture.light if isinstance(picture, HdrPicture) else picture.pixels
        chosen = choose(pixels, picture.tags, settings, source)
        if chosen.layout is not None or chosen.files is not None:
            picture, chosen = assemble_cube(picture, chosen)

        steps.enter("Restoring light")
        from .develop import develop

        lens, view = chosen.lens, turned(chosen.view, settings)
        panorama = lens is not None and lens.whole
        radiance = develop(
            picture,
            settings,
            panorama=panorama,
            wraps=lens is not None and lens.wraps,
            progress=steps.within,
            cancelled=cancelled,
        )
        light, alpha = radiance.pixels, picture.alpha
        white = white_in(settings.scale, picture.tags, light)
        if lens is None:
            view = chosen.view
        elif not panorama or any((view.pitch, view.roll, view.yaw)):
            steps.enter("Completing the sphere")
            sphere = as_sphere(light, alpha, chosen, settings, steps.within)
            light, alpha, view = sphere.pixels, None, sphere.view

        steps.enter("Writing")
        gain = "" if isinstance(picture, HdrPicture) or picture.gain is None else picture.gain.kind
        view = replace(view, gain_map=gain, orientation=picture.tags.orientation)
        projection: Literal["equirectangular", "flat"] = "flat" if lens is None else "equirectangular"
        if white != 1:
            light = light * light.dtype.type(white)
        seen = look_at(picture, light, white, projection)
        pixel_type = write_exr(
            output,
            light,
            alpha=alpha,
            compression=settings.compression,
            header=header(settings, projection, radiance, seen, view),
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
        width=light.shape[1],
        height=light.shape[0],
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
        view=view,
        white=white,
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

    def within(self, fraction: float, _: str = "") -> None:
        """`fraction` of the present stage, in [0, 1], is done."""
        low, high = _STAGES[self._stage]
        self._reached = max(self._reached, low + (high - low) * min(fraction, 1.0))
        if self._progress is not None:
            self._progress(self._reached, self._stage)


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
