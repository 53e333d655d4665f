"""A photo file becomes an EXR file: the one way that the operator, the command line and scripts all take."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from .atomic import replacing
from .errors import Cancelled, DeviceError, OutputError
from .exr import SOFTWARE, is_ours, write_exr
from .projection import resolve_projection
from .runtime import require
from .settings import Conversion, ConvertSettings, IsCancelled, Progress, Shape
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
    writer = _ExrWriter(Path(output), settings, overwrite)
    return convert_with(Path(source), writer, lambda _: settings, progress=progress, cancelled=cancelled)


class Writer(Protocol):
    """What becomes of a restored photo."""

    @property
    def output(self) -> Path:
        """The file that the `Conversion` names."""

    def check(self, source: Path) -> None:
        """Raise OutputError if the result may not or cannot be written: asked early, because restoring may take minutes."""

    def write(self, photo: Photo, radiance: Radiance, header: dict[str, str]) -> Literal["half", "float"]:
        """Write it; returns the pixel type. `header` says how it was made."""


def convert_with(
    source: Path,
    writer: Writer,
    choose: Callable[[Photo], ConvertSettings],
    *,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
) -> Conversion:
    """As `convert`, but `writer` decides what is written and where, and `choose` the settings, once the photo is known."""
    began = time.perf_counter()
    steps = _Steps(progress, cancelled)
    try:
        steps.enter("Reading")
        require("numpy")
        from .photo import read_photo

        photo = read_photo(source)
        settings = choose(photo)
        projection = resolve_projection(photo.width, photo.height, settings.projection)
        writer.check(source)

        steps.enter("Restoring light")
        with ThreadPoolExecutor(1) as beside:
            range_before = beside.submit(_range_of, photo)
            radiance = _restore(photo, projection, settings, steps, cancelled)

        steps.enter("Writing")
        seen = _look_at(radiance, projection, range_before.result())
        pixel_type = writer.write(photo, radiance, _header(settings, projection, radiance, seen))
    except MemoryError as error:
        raise DeviceError(
            "There is not enough memory for this picture.", "Close other programs, or make it smaller."
        ) from error
    steps.within(1.0)
    return Conversion(
        source=str(source),
        output=str(writer.output),
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


@dataclass(frozen=True)
class _ExrWriter:
    output: Path
    settings: ConvertSettings
    overwrite: bool

    def check(self, source: Path) -> None:
        check_output(source, self.output, overwrite=self.overwrite)

    def write(self, photo: Photo, radiance: Radiance, header: dict[str, str]) -> Literal["half", "float"]:
        compression = self.settings.compression
        return write_exr(
            self.output, radiance.pixels, alpha=photo.alpha, compression=compression, header=header, overwrite=True
        )  # `check` has decided


def _restore(
    photo: Photo, projection: Shape, settings: ConvertSettings, steps: _Steps, cancelled: IsCancelled | None
) -> Radiance:
    from .network.padding import tiling
    from .reconstruct import reconstruct

    with tiling() if projection == "tileable" else nullcontext():
        return reconstruct(
            photo,
            panorama=projection == "equirectangular",
            input_curve=settings.input_curve,
            device=settings.device,
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


def _look_at(radiance: Radiance, projection: Shape, range_before: float) -> _Seen:
    from .light import dynamic_range, find_sun

    sun = find_sun(radiance.pixels) if projection == "equirectangular" else None
    return _Seen(float(radiance.pixels.max()), range_before, dynamic_range(radiance.pixels), sun)


def _header(settings: ConvertSettings, projection: Shape, radiance: Radiance, seen: _Seen) -> dict[str, str]:
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
