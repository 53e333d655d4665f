"""How long a file may keep its decoder: one that is made to hang it must not stop the photos after it.

A decoder that hangs cannot be asked to stop: its process must end. A process that may (the worker, the command line) says by
`giving_up` how it does; in others, such as a Python of the user's own, nothing is ended, and there is no limit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from .errors import PhotoError

PATIENCE, PATIENCE_PER_MB, PATIENCE_PER_MEGAPIXEL = 8.0, 3.0, 0.1
"""Seconds that a file may take: at least; more for each million bytes of it; and for each million pixels that it says it has.

Sound ones take a tenth.
"""


class _Limit:
    """Calls `end` once the seconds are over, in another thread: decoders let Python's other threads run."""

    def __init__(self, path: Path, seconds: float, end: Callable[[PhotoError], object]) -> None:
        self._path, self._seconds, self._end = path, seconds, end
        self._began = time.monotonic()
        self._deciding = threading.Lock()
        self._done = False
        self._start()

    def extend(self, seconds: float) -> None:
        with self._deciding:
            self._timer.cancel()
            self._seconds += seconds
            self._start()

    def lift(self) -> None:
        """The file is decoded. Does not come back where its time is over: the process is about to end."""
        with self._deciding:
            self._done = True
            self._timer.cancel()

    def _start(self) -> None:
        self._timer = threading.Timer(self._began + self._seconds - time.monotonic(), self._look)
        self._timer.daemon = True
        self._timer.start()

    def _look(self) -> None:
        with self._deciding:
            if not self._done and time.monotonic() >= self._began + self._seconds:
                self._end(too_slow(self._path, self._seconds))


_END: ContextVar[Callable[[PhotoError], object] | None] = ContextVar("end", default=None)
_LIMIT: ContextVar[_Limit | None] = ContextVar("limit", default=None)


@contextmanager
def giving_up(end: Callable[[PhotoError], object]) -> Iterator[None]:
    """Within it, in this thread, files have limits. `end` is called in another one: to say why, and to end the process."""
    token = _END.set(end)
    try:
        yield
    finally:
        _END.reset(token)


@contextmanager
def limited(path: Path, *, times: float = 1.0) -> Iterator[None]:
    """Within it the file is decoded, which may take `times` the seconds for its size."""
    end = _END.get()
    if end is None:
        yield
        return
    try:
        size = path.stat().st_size
    except OSError:  # it was there just now: the decoder will say so
        size = 0
    limit = _Limit(path, times * seconds_for(size), end)
    token = _LIMIT.set(limit)
    try:
        yield
    finally:
        _LIMIT.reset(token)
        limit.lift()


def expect(pixels: int) -> None:
    """The header says how many pixels the file being decoded has: it may take that much longer."""
    limit = _LIMIT.get()
    if limit is not None:
        limit.extend(PATIENCE_PER_MEGAPIXEL * pixels / 1e6)


def seconds_for(size: int) -> float:
    """How long a file of `size` bytes may take, however few its pixels."""
    return PATIENCE + PATIENCE_PER_MB * size / 1e6


def why(seconds: float) -> str:
    return f"it was not decoded within {seconds:.3g} s, as sound files are"


def too_slow(path: Path, seconds: float) -> PhotoError:
    problem = f'"{path}" is damaged or cannot be decoded ({why(seconds)}).'
    return PhotoError(problem, "Open it in an image editor and save it as a PNG or TIFF.")
