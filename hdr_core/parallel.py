"""Work on the rows of a picture in several threads: numpy lets go of Python's lock while it computes."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_MOST = 16
_ROWS = 256


def processors() -> int:
    """How many threads are worth starting: the processors that this process may use, 16 at most."""
    try:
        return min(len(os.sched_getaffinity(0)), _MOST)
    except AttributeError:  # not on Windows and macOS
        return min(os.cpu_count() or 1, _MOST)


def in_parallel(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """`function` of each item, in their order. The first exception is raised here. `function` does not come here itself.

    Whoever asks shares the same threads: several pictures at once get no more of them than there are processors.
    """
    return list(_threads().map(function, items))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(processors(), "rows")


def extremes(picture: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest number of a picture, with no copy of it. Both are NaN where one of them is."""
    ends = in_parallel(
        lambda top: (picture[top : top + _ROWS].min(), picture[top : top + _ROWS].max()), range(0, len(picture), _ROWS)
    )
    lows, highs = zip(*ends, strict=True)
    if any(low != low for low in lows):  # noqa: PLR0124  (the test for NaN)
        return math.nan, math.nan
    return float(min(lows)), float(max(highs))
