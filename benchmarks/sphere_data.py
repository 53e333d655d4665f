"""All training panoramas in one small file, as a GPU machine wants them.

python -m benchmarks.sphere_data FOLDER [FOLDER ...] --out panoramas.npz
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from benchmarks.sphere_views import read_panorama

ROWS = 128


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    paths = sorted((p for folder in options.folders for p in folder.glob("pano_*.exr")), key=lambda p: p.name)
    light = np.stack([read_panorama(path, ROWS).clip(0, 65000).astype(np.float16) for path in paths])
    np.savez_compressed(options.out, light=light, names=np.array([path.stem for path in paths]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
