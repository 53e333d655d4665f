"""Whether the opposite edges of a picture join, as those of a texture do that is made to be repeated. numpy only."""

from __future__ import annotations

import numpy as np

_FEWEST = 16  # pixels a side: of fewer it cannot be told
_MARGIN = 1.25  # how much larger than a large step inside the step from one edge to the other may be
_ROUNDING = 1 / 255


def edges_join(codes: np.ndarray) -> bool:
    """Whether (H, W, 3) code values, uint8 or uint16, go on over both pairs of edges as they do inside."""
    if min(codes.shape[:2]) < _FEWEST:
        return False
    white = float(np.iinfo(codes.dtype).max)
    return all(_joins(np.moveaxis(codes, axis, 0), white) for axis in (0, 1))


def _joins(lines: np.ndarray, white: float) -> bool:
    """Whether the last of the lines could stand before the first."""
    places = np.unique(np.linspace(0, len(lines) - 2, 256).astype(int))
    inside = np.array([_step(lines[at], lines[at + 1]) for at in places]) / white
    return _step(lines[-1], lines[0]) / white <= _MARGIN * float(np.percentile(inside, 95)) + _ROUNDING


def _step(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(np.int32) - other.astype(np.int32)).mean())
