"""The harmonic fill of a sphere, one of those that ours is measured beside."""

from __future__ import annotations

import numpy as np

_STEPS = 600


def harmonic(values: np.ndarray, fixed: np.ndarray, level: float = 1.0) -> np.ndarray:
    """The smoothest values on the sphere that are as given where fixed: (h, 2h, C), by relaxation.

    level: how much more it matters to be smooth along a row than across: what is high stays high, and what is low stays low.
    """
    height, width = fixed.shape
    middle = np.sin((np.arange(height) + 0.5) / height * np.pi)[:, None, None]
    edge = np.sin(np.arange(height + 1) / height * np.pi)[:, None, None]
    aside = level * (width / (2 * height)) ** 2 / middle**2
    above, below = edge[:-1] / middle, edge[1:] / middle
    total = 2 * aside + above + below
    rim = fixed & ~(np.roll(fixed, 1, 1) & np.roll(fixed, -1, 1) & _shifted(fixed, 1) & _shifted(fixed, -1))
    free = ~fixed
    smooth = np.where(fixed[..., None], values, values[rim if rim.any() else fixed].mean(0))
    for _ in range(_STEPS):
        around = aside * (np.roll(smooth, 1, 1) + np.roll(smooth, -1, 1))
        mean = (around + above * _shifted(smooth, 1) + below * _shifted(smooth, -1)) / total
        smooth[free] = mean[free]
    return smooth


def _shifted(values: np.ndarray, by: int) -> np.ndarray:
    """Each row takes its neighbour's; beyond a pole lies the same row, half around."""
    turned = np.roll(values, values.shape[1] // 2, 1)
    return np.concatenate([turned[:1], values[:-1]]) if by > 0 else np.concatenate([values[1:], turned[-1:]])
