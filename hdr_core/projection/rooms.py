"""The focal length of a photo that does not tell it, from what stands at right angles in it: walls, floors, windows.

Their edges lead to three places. Only one focal length puts these at right angles; where none does clearly better than the
others, the picture does not tell.
"""

from __future__ import annotations

import math

import numpy as np

from .level import SMALLEST, Edges, find_edges, longest, most_upright, residuals, small_grey, upright, working_size

_FIELDS = np.arange(32.0, 113.0, 5.0)  # degrees across the longer side
_SHARP = math.radians(1.5)
_AWAY = 2  # candidates from the best on, another focal length is quite another
_SURE_SHARE, _SURE_SECOND, _SURE_LEAD, _SURE_GAIN = 0.6, 0.05, 1.1, 0.05  # by benchmarks/tilt.py, on training panoramas


def find_focal(pixels: np.ndarray) -> float | None:
    """The focal length of an upright perspective photo, in its pixels; None where the picture does not tell for sure.

    pixels: (H, W, 3) code values, or linear light as float32.
    """
    factor = working_size(pixels)
    grey = small_grey(pixels, factor)
    if min(grey.shape) < SMALLEST:
        return None
    edges = longest(find_edges(grey))
    if not len(edges.x):
        return None
    weight = np.minimum(edges.length, len(grey) / 3)
    longer = max(grey.shape)
    focals = longer / 2 / np.tan(np.radians(_FIELDS) / 2)
    shares = np.array([_at_right_angles(edges, focal, weight) for focal in focals])
    share = shares[:, 0]
    best = int(share.argmax())
    others = np.abs(np.arange(len(share)) - best) > _AWAY
    sure = (
        0 < best < len(share) - 1
        and share[best] > _SURE_SHARE
        and shares[best, 1] > _SURE_SECOND
        and share[best] > _SURE_LEAD * share[others].max()
        and share[best] > _SURE_GAIN + float(np.median(share))
    )
    return float(_peak(np.log(focals), share, best)) * factor if sure else None


def _at_right_angles(edges: Edges, focal: float, weight: np.ndarray) -> tuple[float, float]:
    """The share of the edges, by length, that is upright, or lies in either of two level directions at right angles: the most
    that there can be; and the share of the second of the three.
    """
    could = edges.could_be_upright()
    if could.sum() < 4:
        return 0.0, 0.0
    pitch, roll, _ = most_upright(edges.only(could), focal, weight[could])
    up = upright(pitch, roll)
    ahead = np.array([1.0, 0.0, 0.0]) - up * up[0]
    ahead /= np.linalg.norm(ahead)
    around = np.radians(np.arange(180.0))[:, None]
    level = ahead * np.cos(around) + np.cross(up, ahead) * np.sin(around)
    upward, along = (np.exp(-((residuals(edges, focal, each) / _SHARP) ** 2) / 2) for each in (up, level))
    any_ = np.maximum(np.maximum(along[:90], along[90:]), upward)
    best = int((any_ @ weight).argmax())
    three = np.stack([upward, along[best], along[best + 90]])
    parts = np.sort((three * (three == any_[best])) @ weight)
    return float(any_[best] @ weight / weight.sum()), float(parts[1] / weight.sum())


def _peak(log: np.ndarray, share: np.ndarray, best: int) -> float:
    """Between the candidates, by a parabola through the best and its neighbours."""
    curve = np.polyfit(log[best - 1 : best + 2], share[best - 1 : best + 2], 2)
    middle = -curve[1] / (2 * curve[0]) if curve[0] < 0 else log[best]
    return math.exp(min(max(middle, log[best + 1]), log[best - 1]))
