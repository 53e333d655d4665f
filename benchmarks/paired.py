"""Two sets of the scorer's figures beside each other, photo by photo: what their medians hide.

    python -m benchmarks.paired OURS/scores.json OTHER/scores.json

For each condition and each figure of the light: how many photos are nearer in the first, the median of the ratio of the two
errors (below 1: the first is nearer), both medians, and by how much the first's would scatter if other photos of the same kind
had been drawn (bootstrap, standard deviation).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

FIGURES = ("diffuse_rmse", "glossy_rmse", "angle", "energy")
STRONG = 0.5  # of the light, as the scorer has it
DRAWS = 2000
_LEAST = 1e-6


def rows(ours: dict[str, dict[str, float]], other: dict[str, dict[str, float]]) -> dict[str, list[str]]:
    """The photos of each condition that have figures of the light in both."""
    both = [name for name in ours if all("energy" in scores.get(name, {}) for scores in (ours, other))]
    by_condition: dict[str, list[str]] = {}
    for name in both:
        by_condition.setdefault(name.partition("/")[0], []).append(name)
    return {**by_condition, "strong": [name for name in both if ours[name]["clipped_share"] > STRONG]}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("ours", type=Path)
    parser.add_argument("other", type=Path)
    options = parser.parse_args()
    ours, other = (json.loads(path.read_text()) for path in (options.ours, options.other))
    random = np.random.default_rng(0)
    print("| condition | photos | | nearer | ratio | median | of the other | scatter |\n" + "| --- " * 8 + "|")
    for condition, names in rows(ours, other).items():
        for figure in FIGURES:
            a, b = (np.array([abs(scores[name][figure]) for name in names]) for scores in (ours, other))
            ratio = np.median(np.maximum(a, _LEAST) / np.maximum(b, _LEAST))
            drawn = np.median(a[random.integers(len(a), size=(DRAWS, len(a)))], 1).std()
            print(
                f"| {condition} | {len(names)} | {figure} | {(a < b).mean():.0%} | {ratio:.2f} "
                f"| {np.median(a):.3f} | {np.median(b):.3f} | {drawn:.3f} |"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
