"""How fast it goes, and how long it will take."""

from __future__ import annotations

import time
from collections import deque

_WINDOW = 50  # photos


class Pace:
    """Told of every photo that is done; of those that were skipped it need not hear."""

    def __init__(self) -> None:
        self._ends: deque[float] = deque([time.monotonic()], maxlen=_WINDOW + 1)

    def begin(self) -> None:
        """The first photo goes to a worker now."""
        self._ends.clear()
        self._ends.append(time.monotonic())

    def count(self) -> None:
        self._ends.append(time.monotonic())

    @property
    def per_minute(self) -> float:
        """Photos a minute, over the last ones; 0 while none is done."""
        spent = self._ends[-1] - self._ends[0]
        return 60 * (len(self._ends) - 1) / spent if spent > 0 else 0.0

    def seconds_left(self, photos: int) -> float | None:
        """For so many more; None while it cannot be told."""
        return 60 * photos / self.per_minute if self.per_minute else None


def in_words(seconds: float) -> str:
    """Such as "45 s", "12 min" or "3 h 20 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
