"""How often a mirror ball, and fisheyes, on black look as if their rim were drawn out as a ball's is.

python -m benchmarks.sphere_rim PANORAMAS [--every 1]

PANORAMAS: a folder of linear .exr panoramas; of every so manieth, pictures 500 pixels wide are made. Prints the share of each.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from benchmarks.sphere_views import read_panorama
from hdr_core.colour import srgb_encode
from hdr_core.projection.lenses import Circle
from hdr_core.projection.resample import rotation
from hdr_core.projection.rim import rim_drawn_out

_RADIUS, _FINE = 250, 2  # pixels, and looks a side of one
_KINDS = {  # half the field of view in degrees, how far it looks up, and whether it is equisolid
    "mirror ball": (180, 0, True),
    "fisheye of 180 degrees": (90, 0, False),
    "fisheye of 200 degrees, 20 up": (100, 20, False),
    "fisheye of 220 degrees, equisolid": (110, 0, True),
    "fisheye of 180 degrees, straight up": (90, 90, False),
    "fisheye of 180 degrees, straight up, equisolid": (90, 90, True),
}


def picture(panorama: np.ndarray, half: float, pitch: float, yaw: float, *, equisolid: bool) -> np.ndarray:
    """(n, n, 3) uint8. A ball seen from far away is an equisolid picture of everything."""
    y, x = (np.mgrid[0 : 2 * _RADIUS * _FINE, 0 : 2 * _RADIUS * _FINE] + 0.5) / _FINE - _RADIUS
    part = np.hypot(x, y) / _RADIUS
    shown = np.minimum(part, 1)
    angle = 2 * np.arcsin(shown * np.sin(np.radians(half) / 2)) if equisolid else shown * np.radians(half)
    aside = np.sin(angle) / np.maximum(part * _RADIUS, 1e-9)
    towards = np.stack([np.cos(angle), -x * aside, -y * aside], -1) @ rotation(pitch, 0, yaw).T
    rows, columns = panorama.shape[:2]
    row = ((0.5 - np.arcsin(towards[..., 2].clip(-1, 1)) / np.pi) * rows).astype(int).clip(0, rows - 1)
    column = ((0.5 - np.arctan2(towards[..., 1], towards[..., 0]) / (2 * np.pi)) * columns).astype(int) % columns
    light = panorama[row, column] * (part < 1)[..., None]
    mean = light.reshape(2 * _RADIUS, _FINE, 2 * _RADIUS, _FINE, 3).mean((1, 3))
    return (srgb_encode((mean * (0.5 / np.quantile(panorama.mean(-1), 0.6))).clip(0, 1)) * 255).astype(np.uint8)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("panoramas", type=Path)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(3)
    found: dict[str, list[bool]] = {kind: [] for kind in _KINDS}
    for path in sorted(options.panoramas.glob("pano_*.exr"))[:: options.every]:
        panorama = read_panorama(path, 512)
        for kind, (half, pitch, equisolid) in _KINDS.items():
            seen = picture(panorama, half, pitch, rng.uniform(0, 360), equisolid=equisolid)
            found[kind].append(rim_drawn_out(seen, Circle(_RADIUS, _RADIUS, _RADIUS)))
    for kind, drawn in found.items():
        print(f"{kind}: {np.mean(drawn):.0%} of {len(drawn)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
