"""A photo file becomes an EXR file: the one way that the operator, the command line and scripts all take."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from .atomic import replacing
from .errors import Cancelled, DeviceError, OutputError
from .exr import is_ours, write_exr
from .result import header, look_at, range_of
from .runtime import require
from .scale import check_scale, in_words, white_in
from .settings import Conversion, ConvertSettings, IsCancelled, Progress, Shape

if TYPE_CHECKING:
    import numpy as np

    from .photo import HdrPicture, Photo
    from .projection.choose import Chosen
    from .reconstruct import Radiance

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
    writer = _ExrWriter(Path(output), settings, overwrite)
    return convert_with(Path(source), writer, lambda _: settings, progress=progress, cancelled=cancelled)


@dataclass(frozen=True)
class Result:
    """What a conversion made: pixels (H, W, 3) float32 linear Rec.709, and alpha (H, W), codes or [0, 1], or None."""

    pixels: np.ndarray
    alpha: np.ndarray | None


class Writer(Protocol):
    """What becomes of a restored photo."""

    @property
    def output(self) -> Path:
        """The file that the `Conversion` names."""

    def check(self, source: Path) -> None:
        """Raise OutputError if the result may not or cannot be written: asked early, because restoring may take minutes."""

    def write(self, picture: Photo | HdrPicture, result: Result, header: dict[str, str]) -> Literal["half", "float"]:
        """Write it; returns the pixel type. picture: what it was made from; `header` says how."""


def convert_with(
    source: Path,
    writer: Writer,
    choose_settings: Callable[[Photo | HdrPicture], ConvertSettings],
    *,
    read: Callable[[Path], Photo | HdrPicture] | None = None,
    quick: bool = False,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
) -> Conversion:
    """As `convert`, but `writer` decides what is written and where, and `choose_settings`, once the photo is known.

    read: instead of `photo.read_source`. quick: good enough for a preview, see `network.inference.Inference.guidance`.
    """
    began = time.perf_counter()
    steps = _Steps(progress, cancelled)
    try:
        steps.enter("Reading")
        require("numpy")
        from .photo import HdrPicture, read_source

        picture = (read or read_source)(source)
        settings = choose_settings(picture)
        check_scale(settings.scale, picture.tags)
        writer.check(source)
        require("torch")
        from .projection.choose import choose
        from .whole import as_sphere, assemble_cube, turned

        pixels = picture.light if isinstance(picture, HdrPicture) else picture.pixels
        chosen = choose(pixels, picture.tags, settings, source)
        if chosen.layout is not None or chosen.files is not None:
            picture, chosen = assemble_cube(picture, chosen)

        steps.enter("Restoring light")
        lens, view = chosen.lens, turned(chosen.view, settings)
        panorama = lens is not None and lens.whole
        with ThreadPoolExecutor(1) as beside:
            range_before = beside.submit(range_of, picture)
            radiance = _developed(picture, chosen, settings, quick, steps, cancelled)
        light, alpha = radiance.pixels, picture.alpha
        white = white_in(settings.scale, picture.tags, light)
        white_is = in_words(settings.scale, white, picture.tags)
        if lens is None:
            view = chosen.view
        elif not panorama or any((view.pitch, view.roll, view.yaw)):
            steps.enter("Completing the sphere")
            sphere = as_sphere(light, alpha, chosen, settings, steps.within)
            light, alpha, view = sphere.pixels, None, sphere.view

        steps.enter("Writing")
        gain = "" if isinstance(picture, HdrPicture) or picture.gain is None else picture.gain.kind
        view = replace(view, gain_map=gain, orientation=picture.tags.orientation)
        flat: Shape = "tileable" if settings.projection == "tileable" else "flat"
        projection = flat if lens is None else "equirectangular"
        if white != 1:
            light = light * light.dtype.type(white)
        known = radiance.survey if light is radiance.pixels else None
        seen = look_at(light, white, projection, range_before.result(), known)
        pixel_type = writer.write(picture, Result(light, alpha), header(settings, projection, radiance, seen, view, white_is))
    except MemoryError as error:
        raise DeviceError(
            "There is not enough memory for this picture.", "Close other programs, or make it smaller."
        ) from error
    steps.within(1.0)
    return Conversion(
        source=str(source),
        output=str(writer.output),
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
        white_is=white_is,
    )


@dataclass(frozen=True)
class _ExrWriter:
    output: Path
    settings: ConvertSettings
    overwrite: bool

    def check(self, source: Path) -> None:
        check_output(source, self.output, overwrite=self.overwrite)

    def write(self, _: Photo | HdrPicture, result: Result, header: dict[str, str]) -> Literal["half", "float"]:
        compression = self.settings.compression
        return write_exr(
            self.output, result.pixels, alpha=result.alpha, compression=compression, header=header, overwrite=True
        )  # `check` has decided


def _developed(
    picture: Photo | HdrPicture,
    chosen: Chosen,
    settings: ConvertSettings,
    quick: bool,
    steps: _Steps,
    cancelled: IsCancelled | None,
) -> Radiance:
    from .develop import develop
    from .network.padding import tiling

    lens = chosen.lens
    with tiling() if settings.projection == "tileable" else nullcontext():
        return develop(
            picture,
            settings,
            panorama=lens is not None and lens.whole,
            wraps=lens is not None and lens.wraps,
            quick=quick,
            progress=steps.within,
            cancelled=cancelled,
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
    """Leaves the trial write of `check_output`, so that nothing comes of it."""


def check_output(
    source: Path, output: Path, *, overwrite: bool, suffix: str = ".exr", ours: Callable[[Path], bool] = is_ours
) -> None:
    """Raise OutputError if `output` may not be written, or cannot be: found out by opening a file beside it.

    ours: tells whether this software wrote the file that is there, which then may be replaced.
    """
    if output.suffix.lower() != suffix:
        raise OutputError(f'The output "{output}" does not end in {suffix}.', f'Name it "{output.stem}{suffix}".')
    with suppress(_OnlyTrying), replacing(output, overwrite=True):
        raise _OnlyTrying
    if output.exists() and output.samefile(source):
        raise OutputError(f'The output "{output}" is the photo itself.', "Choose another name.")
    if os.path.lexists(output) and not overwrite and not ours(output):
        raise OutputError(
            f'"{output}" exists and was not made by this software.', "Choose another name, or allow it to be overwritten."
        )
