"""How much of a photo's detail its surroundings have, by how far from its edge they lie.

python -m benchmarks.sphere_edge PANORAMAS... [--every 1]

PANORAMAS: folders of linear .exr panoramas. From every so manieth a view of 4:3, 70 degrees across and tilted up by 5, is cut
and completed, at 1024 x 512. Prints the median of the mean step between neighbours in a row (in the logarithm of light), in
rings around the view, beside that of the view's outermost 4 degrees; and what the panorama itself has there.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np
import torch

from benchmarks.sphere_views import cut_view, perspective, read_panorama
from hdr_core.projection.resample import rotation, to_map
from hdr_core.sphere.complete import complete
from hdr_core.sphere.edge import find_edge
from hdr_core.sphere.grid import enlarged

_RINGS = (0, 1, 2, 4, 6, 9, 14, 20, 30)  # degrees from the edge
_INSIDE = 4  # degrees
_WIDE, _VIEW, _FOV, _PITCH = 1024, 400, 70, 5
_DARK = 1e-4


def detail(light: np.ndarray) -> np.ndarray:
    log = np.log(np.maximum(light, _DARK)).mean(-1)
    return np.abs(np.roll(log, -1, 1) - log)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("panoramas", type=Path, nargs="+")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    rng, rows = np.random.default_rng(4), []
    paths = sorted((path for folder in options.panoramas for path in folder.glob("pano_*.exr")), key=lambda path: path.name)
    for path in paths[:: options.every]:
        panorama = np.roll(read_panorama(path, _WIDE // 2), rng.integers(_WIDE), 1)
        view = cut_view(panorama, _VIEW, _FOV, _PITCH)
        seen = to_map(view, perspective(_VIEW, _FOV), rotation(_PITCH, 0, 0), _WIDE)
        edge = find_edge(torch.from_numpy(seen.covered)[None, None]).angle
        angle = np.degrees(enlarged(edge, seen.covered.shape)[0, 0].numpy())
        made = complete(seen.pixels, seen.covered)
        inside = detail(made)[(seen.covered == 1) & (angle < _INSIDE)].mean()
        rings = [(seen.covered == 0) & (angle >= low) & (angle < high) for low, high in itertools.pairwise(_RINGS)]
        rows.append([[detail(light)[ring].mean() / inside for ring in rings] for light in (made, panorama)])
    spans = (f"{low} to {high}" for low, high in itertools.pairwise(_RINGS))
    print("| degrees | " + " | ".join(spans) + " |\n|---" + "|---" * (len(_RINGS) - 1) + "|")
    for name, medians in zip(("ours", "the panorama"), np.median(rows, 0), strict=True):
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in medians) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
