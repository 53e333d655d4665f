"""Photos that a worker has under way at once: one is read and another written while the network restores a third.

No numpy, no torch: whoever gives a worker its photos decides how many.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_MOST, _CORES_EACH = 3, 4
AT_ONCE = "LDR_TO_HDRI_AT_ONCE"
"""The variable that tells a worker how many photos it may have under way; whoever sets it for this process knows better."""

MOST_PIXELS = 2**26
"""Of the photos that are restored and written at once: one takes some 40 bytes for each of its pixels."""


def at_once(cores: int) -> int:
    """How many photos a worker may have under way whose share of the machine are so many cores."""
    return told() or max(1, min(_MOST, cores // _CORES_EACH))


def told() -> int:
    """How many photos this process was told to have under way; 0: nothing was said."""
    number = os.environ.get(AT_ONCE, "")
    return int(number) if number.isdecimal() else 0


class Room:
    """Lets photos in while there is room for their pixels; one alone, however large."""

    def __init__(self, pixels: int) -> None:
        self._pixels = pixels
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def of(self, pixels: int) -> Iterator[None]:
        """Wait for room; it is taken within."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken or self._taken + pixels <= self._pixels)
            self._taken += pixels
        try:
            yield
        finally:
            with self._changed:
                self._taken -= pixels
                self._changed.notify_all()


room = Room(MOST_PIXELS)
