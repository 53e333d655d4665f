"""One preview, from the photo to the picture in the image editor. The worker converts a small copy; nothing stays on disk."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import bpy

from ..hdr_core.client import Job
from ..hdr_core.settings import Conversion, ConvertSettings, InputCurve
from . import chosen, reports
from .preview_image import preview_image, redraw_editors, show
from .sources import Source, source_of
from .task import Task
from .worker_session import warm_up, worker

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


@dataclass(frozen=True)
class Shown:
    """The preview that can be looked at. It lives as long as the file is open; undo does not touch it."""

    request: Request
    label: str
    screens: Screens
    made: Conversion
    seconds: float


_shown: Shown | None = None


def load() -> None:
    """What a preview needs, here and in the worker: while a dialog opens, so that nobody waits for it afterwards."""
    warm_up()
    _load_views()


def _load_views() -> None:
    """A tenth of a second, the first time."""
    from ..hdr_core.sheet import screens  # noqa: F401


def shown() -> Shown | None:
    """What was previewed last, if anything was since the file was opened."""
    return _shown


class PreviewTask(Task[Conversion]):
    """Converts a small copy of a photo, and shows it in the image editor."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self._request = request
        self.title = bpy.path.basename(request.filepath) or request.image
        self._source: Source
        self._began = time.perf_counter()

    def prepare(self) -> None:
        worker()  # its Python is there
        self._source = source_of(self._request.filepath, self._request.image, self.scratch)

    def send(self) -> Job[Conversion]:
        settings = ConvertSettings("by_shape", self._request.input_curve, device=chosen.device())
        job = worker().preview(self._source.path, self.scratch / "preview.npz", self._request.width, settings)
        _load_views()  # meanwhile
        return job

    def apply(self) -> str:
        global _shown  # noqa: PLW0603
        from ..hdr_core.preview_file import read_preview
        from ..hdr_core.sheet.facts import SheetFacts
        from ..hdr_core.sheet.screens import Screens

        made = self.wait()
        restored = f"{made.restored_share:.0%} ({made.restored_low:.0%} to {made.restored_high:.0%})"
        facts = SheetFacts(
            Path(self._source.label).name,
            made.projection == "equirectangular",
            (
                f"preview at {made.width} x {made.height}",
                {"srgb": "sRGB curve", "camera": "camera curve", "linear": "HDR already"}[made.input_curve],
            ),
            restored if made.restored_high > 0 else "none",
        )
        screens = Screens(*read_preview(Path(made.output)), facts)
        another, _shown = _shown is None or _shown.label != self._source.label, None  # so that nothing is drawn yet
        if another:
            bpy.context.window_manager.ldr_to_hdri_preview.split = _split_to_see(screens.after)
        _shown = Shown(self._request, self._source.label, screens, made, time.perf_counter() - self._began)
        image = refresh()
        return reports.preview(image, _shown.seconds)


def _split_to_see(light: np.ndarray) -> float:
    """Where to part the photo from the result at first: through what is brightest, so that half of it is seen in each."""
    from ..hdr_core.sheet.light import luminance

    brightest = luminance(light).max(0)  # of every column
    return (int(brightest.argmax()) + 0.5) / len(brightest)


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


def forget() -> None:
    """Let go of what is shown: its file is closed."""
    global _shown  # noqa: PLW0603
    _shown = None
