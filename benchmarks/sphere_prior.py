"""Fits the table in `hdr_core/sphere/prior.py`: how light lies by elevation around what a photo shows.

python -m benchmarks.sphere_prior PANORAMAS...

PANORAMAS: folders of linear .exr panoramas, those that may be trained on. For random views of each, the median regression of
the log luminance of what the view leaves out, row by row, on what the view shows. Prints the table.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.sphere_views import FIELDS, small_panorama, view_mask
from hdr_core.sphere.patch import row_areas
from hdr_core.sphere.prior import PRIOR_ROWS, features
from hdr_core.sun import LUMINANCE

_VIEWS = 4  # of each panorama and field of view
_ROUNDS = 50


def main() -> int:
    rng = np.random.default_rng(7)
    shown, hidden = [], []
    for path in sorted(path for folder in sys.argv[1:] for path in Path(folder).glob("pano_*.exr")):
        panorama = small_panorama(path)
        for light, mask in _views(panorama, rng):
            weight = row_areas(*mask.shape)[:, None] * mask
            mean, top, bottom = (np.log(colour @ np.array(LUMINANCE)) for colour in features(light, weight))
            shown.append((top - mean, bottom - mean, 1.0))
            hidden.append([np.log(max(value, 1e-4)) - mean for value in _by_row(light, mask)])
    x, y = np.array(shown), np.array(hidden)
    for row in range(PRIOR_ROWS):
        print(tuple(round(float(value), 2) for value in _median_fit(x, y[:, row])))
    return 0


def _views(panorama: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for fov in FIELDS:
        for _ in range(_VIEWS):
            turned = np.roll(panorama, rng.integers(panorama.shape[1]), 1)
            yield turned, view_mask(*panorama.shape[:2], fov, rng.uniform(-10, 15))


def _by_row(light: np.ndarray, mask: np.ndarray) -> Iterator[float]:
    """The mean luminance of what the view leaves out, from the zenith to the nadir."""
    height = len(light)
    weight = row_areas(*mask.shape)[:, None] * ~mask
    for row in range(PRIOR_ROWS):
        rows = slice(row * height // PRIOR_ROWS, (row + 1) * height // PRIOR_ROWS)
        summed = ((light[rows] @ np.array(LUMINANCE)) * weight[rows]).sum()
        yield float(summed / max(weight[rows].sum(), 1e-9))


def _median_fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least absolute deviations, by reweighting."""
    fit, weight = np.zeros(x.shape[1]), np.ones(len(x))
    for _ in range(_ROUNDS):
        weighted = x.T * weight
        fit = np.linalg.solve(weighted @ x + 1e-3 * np.eye(x.shape[1]), weighted @ y)
        weight = 1 / np.maximum(np.abs(y - x @ fit), 0.05)
    return fit


if __name__ == "__main__":
    sys.exit(main())
