"""How far a library is, at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from .gpu import Gpu
from .workers import Under


@dataclass(frozen=True)
class Snapshot:
    """How far a library is. Photos: all of the plan; done now; skipped, because they were done; failed.

    per_minute, seconds_left: 0 or None while it cannot be told. under_way: what each worker does. gpus: how busy they are.
    """

    photos: int
    done: int
    skipped: int
    failed: int
    per_minute: float
    seconds_left: float | None
    under_way: tuple[Under, ...]
    workers: int
    gpus: tuple[Gpu, ...]

    @property
    def fraction(self) -> float:
        """Of all photos, in [0, 1]."""
        part = sum(photo.fraction for photo in self.under_way)
        return min(1.0, (self.done + self.skipped + self.failed + part) / self.photos)
