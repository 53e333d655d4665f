"""The peer that restores nothing: every photo of a folder through the exact inverse of the sRGB curve.

python -m benchmarks.exact_inverse PHOTOS RESULTS
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from hdr_core.exr import write_exr
from hdr_core.photo import read_photo, srgb_decode


def main() -> int:
    photos, results = map(Path, sys.argv[1:3])
    for path in sorted(photos.iterdir()):
        photo = read_photo(path)
        radiance = srgb_decode(photo.pixels / np.float32(photo.white))
        write_exr(results / f"{path.stem}.exr", radiance, header={}, overwrite=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
