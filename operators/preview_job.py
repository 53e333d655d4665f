"""One preview, from the photo to the picture in the image editor. The worker converts a small copy; nothing stays on disk."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import bpy

from ..hdr_core.client import Job
from ..hdr_core.settings import Conversion, ConvertSettings, InputCurve
from . import conversion
from .display import ProgressDisplay
from .errors import SceneError
from .preview_image import open_in_editor, preview_image, redraw_editors, show
from .preview_photo import read_radiance, small_codes
from .sources import source_from_file, source_from_image
from .worker_session import cancel_work, worker

if TYPE_CHECKING:
    import numpy as np

    from ..hdr_core.sheet.screens import Screens


@dataclass(frozen=True)
class Request:
    """`filepath` or `image` is given; the preview is `width` pixels wide at most."""

    filepath: str
    image: str
    input_curve: InputCurve
    width: int


@dataclass(eq=False)
class Running:
    """A preview under way. `scratch` is its own temporary folder; `display` is None where it runs without a window."""

    request: Request
    label: str
    codes: np.ndarray
    scratch: Path
    job: Job[Conversion]
    began: float
    display: ProgressDisplay | None = None

    def show(self) -> None:
        if self.display is not None:
            self.display.show(self.job.fraction, self.job.stage)
            redraw_editors()


@dataclass(frozen=True)
class Shown:
    """The preview that can be looked at. It lives as long as the file is open; undo does not touch it."""

    request: Request
    label: str
    screens: Screens
    made: Conversion
    seconds: float


_running: Running | None = None
_shown: Shown | None = None


def running() -> Running | None:
    """The preview under way, if any."""
    return _running


def shown() -> Shown | None:
    """What was previewed last, if anything was since the file was opened."""
    return _shown


def start(request: Request) -> Running:
    """Hand a small copy of the photo to the worker and return. Raises HdrError: then nothing has been started."""
    global _running  # noqa: PLW0603
    if _running is not None or conversion.running() is not None:
        raise SceneError("A conversion is running already.", "Wait for its end, or cancel it.")
    if not (request.filepath or request.image):
        raise SceneError("There is no photo to preview.", "Choose a photo, by filepath or image.")
    import numpy as np

    began = time.perf_counter()
    client = worker()
    scratch = Path(tempfile.mkdtemp(prefix="ldr_to_hdri_", dir=bpy.app.tempdir or None))
    try:
        source = source_from_image(request.image, scratch) if request.image else source_from_file(request.filepath)
        codes = small_codes(source.path, request.width)
        small = scratch / "preview_photo.npy"
        np.save(small, codes)
        projection = "equirectangular" if codes.shape[1] == 2 * codes.shape[0] else "flat"
        settings = ConvertSettings(projection, request.input_curve)
        job = client.convert(small, scratch / "preview.exr", settings)
        _running = Running(request, source.label, codes, scratch, job, began)
    finally:
        if _running is None:
            shutil.rmtree(scratch)
    return _running


def finish(running: Running) -> bpy.types.Image:
    """Wait for the worker, and show what it made. Ends the preview, well or badly; raises the HdrError of its failure."""
    global _shown  # noqa: PLW0603
    from ..hdr_core.sheet.facts import SheetFacts
    from ..hdr_core.sheet.screens import Screens

    try:
        made = running.job.wait()
        radiance = read_radiance(Path(made.output))
        restored = f"{made.restored_share:.0%} ({made.restored_low:.0%} to {made.restored_high:.0%})"
        facts = SheetFacts(
            Path(running.label).name,
            made.projection == "equirectangular",
            (f"preview at {made.width} x {made.height}", {"srgb": "sRGB curve", "camera": "camera curve"}[made.input_curve]),
            restored if made.restored_high > 0 else "none",
        )
        screens = Screens(running.codes, radiance, facts)
        _shown = Shown(running.request, running.label, screens, made, time.perf_counter() - running.began)
    finally:
        abort()
    image = refresh()
    open_in_editor(image)
    return image


def refresh() -> bpy.types.Image:
    """Draw the preview as the settings in the sidebar ask. Only where something is `shown`."""
    settings = bpy.context.window_manager.ldr_to_hdri_preview
    image = show(cast("Shown", _shown).screens.picture(settings.mode, settings.exposure, settings.split))
    redraw_editors()
    return image


def refresh_if_shown() -> None:
    """As `refresh`, where there is a preview and its image."""
    if _shown is not None and preview_image() is not None:
        refresh()


def abort() -> None:
    """Stop the preview under way, if any, and leave nothing of it behind. Safe to call at any time."""
    global _running
    if _running is not None:
        ended, _running = _running, None
        if not ended.job.poll():
            cancel_work()
        shutil.rmtree(ended.scratch, ignore_errors=True)
        if ended.display is not None:
            ended.display.end()
        redraw_editors()


def forget() -> None:
    """As `abort`, and let go of what is shown: its file is closed."""
    global _shown  # noqa: PLW0603
    abort()
    _shown = None
