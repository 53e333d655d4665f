"""What the rest of the sphere could score if something of it were known: how far the diffuse RMSE can fall.

python -m benchmarks.sphere_ceiling PANORAMAS [--views 1]

Views as of `benchmarks.sphere`. Of ours, what lies out of view is given the true total light, and the true light of each
channel; then what falls from out of view on a matt sphere is replaced by its own truth, of order 0 (the same from all sides),
with the gradient from below to above, and of order 1 (any gradient). Prints medians of the relative RMSE.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from benchmarks.sphere import SMALL, Light, cut_views, mean_colour, pooled, relative_rmse
from benchmarks.sphere_views import FIELDS
from hdr_core.sphere.complete import complete
from hdr_core.sun import LUMINANCE

_SEED = 5
_NOT_DARK = 1e-9


def known(light: Light, made: np.ndarray, truth: np.ndarray, share: np.ndarray) -> dict[str, float]:
    """Relative RMSE of the diffuse light, by what is known. made, truth: (64, 128, 3); share: (64, 128, 1), what is in view."""
    away = 1 - share
    falls, seen, fill, lost = (light.falling(part) for part in (truth, made * share, made * away, truth * away))
    totals = [np.maximum(light.total(part * away), _NOT_DARK) for part in (truth, made)]
    level = float(totals[0] @ np.array(LUMINANCE) / (totals[1] @ np.array(LUMINANCE)))
    told = {
        "ours": seen + fill,
        "ours, true total": seen + fill * level,
        "ours, true total of each channel": seen + fill * (totals[0] / totals[1]),
    }
    even = np.ones((len(falls), 1))
    for name, basis in (
        ("order 0", even),
        ("order 0 and up", np.concatenate([even, light.normals[:, 2:]], 1)),
        ("order 1", np.concatenate([even, light.normals], 1)),
    ):
        told[name] = seen + basis @ np.linalg.lstsq(basis, lost, rcond=None)[0]
    return {name: relative_rmse(made_so, falls) for name, made_so in told.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("panoramas", type=Path)
    parser.add_argument("--views", type=int, default=1, help="of each panorama and field of view (default: %(default)s)")
    options = parser.parse_args()
    light, rows = Light(), []
    for view, seen, panorama, fov, pitch in cut_views(options.panoramas, options.views, _SEED):
        truth, share = pooled(panorama, SMALL), pooled(seen.covered[..., None], SMALL)
        plain = pooled(mean_colour(seen.pixels, seen.covered, view, fov, pitch), SMALL)
        scores = known(light, pooled(complete(seen.pixels, seen.covered), SMALL), truth, share)
        rows.append({"mean colour": relative_rmse(light.falling(plain), light.falling(truth))} | scores)
    print(
        "| | "
        + " | ".join(f"{fov} degrees" for fov in FIELDS)
        + f" | all, {len(rows)} views |\n|---"
        + "|---" * (len(FIELDS) + 1)
        + "|"
    )
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        parts = [values[place :: len(FIELDS)] for place in range(len(FIELDS))]
        print(f"| {name} | " + " | ".join(f"{np.median(part):.2f}" for part in (*parts, values)) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
