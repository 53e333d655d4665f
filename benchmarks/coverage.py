"""How often the truth lies in the interval that a conversion says for its share of restored light.

make score SCORER=score.py TRUTH=val                            # leaves photos, results and gains in build/score
python -m benchmarks.coverage TRUTH build/score
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

import numpy as np
import torch

from hdr_core.exr import read_exr
from hdr_core.network.soft_mask import over_exposed
from hdr_core.network.statistics import area, luminance
from hdr_core.photo import read_photo


def true_share(truth: np.ndarray, photo: Path) -> float:
    """The share of the light of `truth` (H, W, 3) that comes from where `photo` is clipped."""
    read = read_photo(photo)
    radiance, code = (
        torch.from_numpy(np.ascontiguousarray(x, np.float32)).permute(2, 0, 1)[None] for x in (truth, read.pixels / read.white)
    )
    height, width = truth.shape[:2]
    light = luminance(radiance.clamp(min=0)) * area(height, width, panorama=width == 2 * height, like=radiance)
    return float((light * over_exposed(code).amax(1)).sum() / light.sum())


def rows(truths: Path, work: Path) -> list[tuple[str, float, float, float, float]]:
    """(condition, truth, share, low, high) of each photo; `work` is as the scorer left it."""
    out = []
    for key in json.loads((work / "gains.json").read_text()):
        condition, name = key.split("/", 1)
        _, header = read_exr(work / "results" / condition / f"{name}.exr")
        share, low, high = map(float, re.findall(r"[\d.]+", str(header["restoredLight"])))
        photo = next(p for p in (work / "photos" / condition).iterdir() if p.stem == name)
        out.append((condition, true_share(read_exr(truths / f"{name}.exr")[0][..., :3], photo), share, low, high))
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("truth", type=Path, help="folder of the .exr that the photos were taken of")
    parser.add_argument("work", type=Path, help="the scorer's folder")
    options = parser.parse_args()
    found = rows(options.truth, options.work)
    print("| condition | photos | truth inside | below | above | median error of the share |\n" + "| --- " * 6 + "|")
    for condition in (*dict.fromkeys(condition for condition, *_ in found), "all"):
        some = [figures for name, *figures in found if condition in (name, "all")]
        below, above = (np.mean([t < low for t, _, low, _ in some]), np.mean([t > high for t, _, _, high in some]))
        error = np.median([abs(t - share) for t, share, _, _ in some])
        print(f"| {condition} | {len(some)} | {1 - below - above:.0%} | {below:.0%} | {above:.0%} | {error:.3f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
