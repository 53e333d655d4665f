"""Whether one photo gives the same light at every size.

    make score SCORER=score.py TRUTH=val                                 # leaves photos in build/score
    python -m benchmarks.sizes build/score/photos/clean2 --curve srgb    # about 3 seconds a photo and size, on two cores

Each panorama is made smaller and larger as an image editor does it, by averages and by cubic interpolation of code values, and
converted with the settings as they are, but for the curve. Prints by how many stops the light of the whole differs from that at
the photo's own size.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import get_args

import numpy as np
from PIL import Image

from hdr_core import ConvertSettings, convert
from hdr_core.exr import read_exr
from hdr_core.settings import InputCurve

from .skies import energy

LEAST_WIDTH = 1024
TIMES = (0.5, 2.0)
MARK = 0.1  # stops


def light(photo: Image.Image, curve: InputCurve, folder: Path) -> float:
    """log2 of the light that comes out of a photo."""
    source, target = folder / "photo.png", folder / "photo.exr"
    photo.save(source)
    convert(source, target, ConvertSettings(input_curve=curve), overwrite=True)
    return energy(read_exr(target)[0])


def resized(photo: Image.Image, times: float) -> Image.Image:
    how = Image.Resampling.BOX if times < 1 else Image.Resampling.BICUBIC
    return photo.resize((round(times * photo.width), round(times * photo.height)), how)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path, help="a folder of photos; panoramas of it are taken")
    parser.add_argument("--curve", choices=get_args(InputCurve), default="auto")
    parser.add_argument("--every", type=int, default=1, help="take every so many-th photo")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(options.photos.iterdir())[:: options.every]:
            photo = Image.open(path).convert("RGB")
            if photo.width == 2 * photo.height and photo.width >= LEAST_WIDTH:
                own = light(photo, options.curve, Path(folder))
                rows.append([light(resized(photo, times), options.curve, Path(folder)) - own for times in TIMES])
    print(f"{len(rows)} panoramas, curve {options.curve}")
    for times, apart in zip(TIMES, np.abs(rows).T, strict=True):
        within = f"{(apart < MARK).mean():.0%} within {MARK}, {apart.max():.2f} at most"
        print(f"{times:g} times as wide: {np.median(apart):.3f} stops apart (median), {within}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
