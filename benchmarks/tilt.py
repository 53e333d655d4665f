"""How well a photo's tilt and field of view are told from the picture: views of panoramas, cut at a known pitch and roll.

python -m benchmarks.tilt PANORAMAS [--views 4]

PANORAMAS: folders of linear .exr panoramas that stand level. From each, views of 4:3 and 3:4 are cut, 50 to 100 degrees across,
in random directions. Pitch and roll are normal, of 12 and 4 degrees. A fifth of each view is near white or clipped; it is
encoded as sRGB. Its field of view is told, or assumed as of a photo that says nothing.

Prints how often the tilt is sure; then, of the direction of the world's up, where it is sure, the median error and its 95th
percentile, beside those of taking the photo for level; and the share of all views that became worse by more than 2 degrees.
Then how often the focal length is sure, and by what part it is off, beside that of a 28 mm lens, which else is assumed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from hdr_core.colour import srgb_encode
from hdr_core.exr import read_exr
from hdr_core.projection.level import find_level
from hdr_core.projection.resample import rotation
from hdr_core.projection.rooms import find_focal

FIELDS = (50, 60, 70, 100)
_SIDES = (384, 288)  # pixels: the panoramas have no more to show
_ASSUMED = 28 * np.hypot(*_SIDES) / np.hypot(36, 24)  # pixels: the focal length where nothing is said


def cut(panorama: np.ndarray, focal: float, turn: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The view, (h, w, 3) linear, looked up bilinearly. size: width and height; turn: see `rotation`."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width] + 0.5
    towards = np.stack([np.full_like(x, focal), width / 2 - x, height / 2 - y], -1)
    towards = towards / np.linalg.norm(towards, axis=-1, keepdims=True) @ turn.T
    rows, columns = panorama.shape[:2]
    row = ((0.5 - np.arcsin(towards[..., 2].clip(-1, 1)) / np.pi) * rows - 0.5).clip(0, rows - 1.001)
    column = (0.5 - np.arctan2(towards[..., 1], towards[..., 0]) / (2 * np.pi)) * columns - 0.5
    top, left = row.astype(int), np.floor(column).astype(int)
    down, across = (row - top)[..., None], (column - left)[..., None]

    def mixed(row: np.ndarray) -> np.ndarray:
        return panorama[row, left % columns] * (1 - across) + panorama[row, (left + 1) % columns] * across

    return mixed(top) * (1 - down) + mixed(top + 1) * down


def as_photo(light: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8, a fifth of it near white or clipped."""
    return np.rint(srgb_encode((0.7 * light / max(np.percentile(light, 80), 1e-6)).clip(0, 1)) * 255).astype(np.uint8)


def between(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Degrees between the ups of two tilts, pitch and roll each."""
    ups = (rotation(*tilt, 0).T[:, 2] for tilt in (first, second))
    return float(np.degrees(np.arccos(np.clip(np.dot(*ups), -1, 1))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("panoramas", type=Path, nargs="+")
    parser.add_argument("--views", type=int, default=4, help="of each panorama")
    options = parser.parse_args()
    chance = np.random.default_rng(7)
    files = sorted(path for folder in options.panoramas for path in folder.glob("pano_*.exr"))
    focals: list[tuple[float, float] | None] = []
    errors: dict[str, list[tuple[float, float] | None]] = {"known": [], "assumed": []}
    for path in files:
        panorama = read_exr(path)[0][..., :3].clip(0)
        for view in range(options.views):
            tilt = (float(np.clip(chance.normal(0, 12), -35, 35)), float(np.clip(chance.normal(0, 4), -15, 15)))
            size = _SIDES if chance.random() < 0.7 else _SIDES[::-1]
            focal = size[0] / 2 / np.tan(np.radians(FIELDS[view % len(FIELDS)]) / 2)
            codes = as_photo(cut(panorama, focal, rotation(*tilt, chance.uniform(0, 360)), size))
            for name, told in (("known", focal), ("assumed", _ASSUMED)):
                level = find_level(codes, told)
                found = None if level is None else (between(tilt, (level.pitch, level.roll)), between(tilt, (0, 0)))
                errors[name].append(found)
            told = find_focal(codes)
            focals.append(None if told is None else (abs(told / focal - 1), abs(_ASSUMED / focal - 1)))
    print(f"{len(files)} panoramas, {len(focals)} views\n")
    print("| field of view | sure | error | 95% | as level: error | 95% | worse by 2° |\n|---|---|---|---|---|---|---|")
    for name, each in errors.items():
        sure, parts = _beside(each, "{:.1f}°")
        worse = (sure[:, 0] > sure[:, 1] + 2).sum() / len(each)
        print(f"| {name} | {parts} | {worse:.1%} |")
    sure, parts = _beside(focals, "{:.0%}")
    worse = (sure[:, 0] > sure[:, 1] + 0.1).sum() / len(focals)
    print("\n| | sure | error | 95% | as 28 mm: error | 95% | worse by 10% |\n|---|---|---|---|---|---|---|")
    print(f"| focal length | {parts} | {worse:.1%} |")


def _beside(errors: list[tuple[float, float] | None], form: str) -> tuple[np.ndarray, str]:
    """Those that are sure, (n, 2), ours and the other's; and their share, medians and 95th percentiles, as cells of a table."""
    sure = np.array([each for each in errors if each is not None]).reshape(-1, 2)
    figures = [form.format(np.percentile(sure[:, at], part)) for at in (0, 1) for part in (50, 95)] if len(sure) else ["-"] * 4
    return sure, f"{len(sure) / len(errors):.0%} | " + " | ".join(figures)


if __name__ == "__main__":
    main()
