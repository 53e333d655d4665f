"""How well the rest of the sphere is told from a photo: views of panoramas, completed, beside the panoramas.

python -m benchmarks.sphere PANORAMAS [--views 2] [--only ours] [--photographed]

PANORAMAS: a folder of linear .exr panoramas. From each, views of 4:3 are cut, 50, 70 and 100 degrees across, in random
directions, tilted from 10 degrees down to 15 up. Their light is given as it is, so that only the completion is measured; the
tilt is given, too. Beside ours: the view tiled over the sphere, mirrored at its edges; its mean colour; the harmonic fill, the
smoothest light that agrees with the view. --photographed: the views are photographed under three conditions, as the panoramas
of benchmarks/quality.md are; ours restores the photo and completes it, the others complete the photo as it is. Prints medians:

diffuse: relative RMSE of the light that falls on a matt sphere from 256 directions; angle: degrees between its colours; energy:
stops between the total light and the truth's, and their magnitude; then for a diffuse, a matte silver and a mirror ball, as
lighting estimation is measured: scale-invariant RMSE, RMSE (both relative to the truth's mean) and RGB angle in degrees.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.sphere_photos import take
from benchmarks.sphere_views import FIELDS, cut_view, perspective, read_panorama
from hdr_core.projection.resample import Map, rotation, to_map
from hdr_core.sheet.balls import balls, coverage
from hdr_core.sphere.complete import complete
from hdr_core.sphere.patch import pixel_directions, row_areas
from hdr_core.sun import LUMINANCE
from training.measure import CONDITIONS, Condition
from training.sphere_harmonic import harmonic as smoothest

_WIDE, SMALL, _VIEW, _BALL = 512, 64, 128, 64  # pixels: of the map, of the light's rows, of the view, of the balls
_PHOTO = 512  # pixels: of a view that is photographed
_DARK = 1e-9
COLUMNS = (
    *("diffuse", "angle", "energy", "|energy|"),
    *(f"{ball} {what}" for ball in ("diffuse", "silver", "mirror") for what in ("siRMSE", "RMSE", "angle")),
)

Fill = Callable[[np.ndarray, np.ndarray, np.ndarray, float, float], np.ndarray]


def ours(pixels: np.ndarray, covered: np.ndarray, _view: np.ndarray, _fov: float, _pitch: float) -> np.ndarray:
    return complete(pixels, covered)


def tiled(pixels: np.ndarray, covered: np.ndarray, view: np.ndarray, fov: float, pitch: float) -> np.ndarray:
    height, width = covered.shape
    lens = perspective(view.shape[1], fov)
    towards = pixel_directions(height, width, np.arange(height), np.arange(width)) @ rotation(pitch, 0, 0)
    across, up = np.arctan2(-towards[..., 1], towards[..., 0]), np.arcsin(towards[..., 2].clip(-1, 1))
    x = lens.width / 2 + lens.focal * np.tan(_folded(across, np.arctan(lens.width / 2 / lens.focal)))
    y = lens.height / 2 - lens.focal * np.tan(_folded(up, np.arctan(lens.height / 2 / lens.focal)))
    tile = view[y.astype(int).clip(0, lens.height - 1), x.astype(int).clip(0, lens.width - 1)]
    return tile + (pixels - tile) * covered[..., None]


def _folded(angle: np.ndarray, half: float) -> np.ndarray:
    """Mirrored at -half and half, over and over."""
    return np.abs((angle + half) % (4 * half) - 2 * half) - half


def mean_colour(pixels: np.ndarray, covered: np.ndarray, _view: np.ndarray, _fov: float, _pitch: float) -> np.ndarray:
    weight = (covered * row_areas(*covered.shape)[:, None])[..., None]
    colour = (pixels * weight).sum((0, 1)) / weight.sum()
    return colour + (pixels - colour) * covered[..., None]


def harmonic(pixels: np.ndarray, covered: np.ndarray, _view: np.ndarray, _fov: float, _pitch: float) -> np.ndarray:
    share = pooled(covered[..., None], SMALL)
    small = pooled(pixels * covered[..., None], SMALL) / np.maximum(share, 1e-6)
    return smoothest(small.astype(np.float64), share[..., 0] > 0.5)


METHODS: dict[str, Fill] = {"ours": ours, "mirrored tiling": tiled, "mean colour": mean_colour, "harmonic fill": harmonic}


def pooled(panorama: np.ndarray, height: int) -> np.ndarray:
    factor = panorama.shape[0] // height
    return panorama.reshape(height, factor, 2 * height, factor, -1).mean((1, 3))


class Light:
    """The light that falls on a matt sphere from all sides."""

    def __init__(self) -> None:
        count = 256
        number = np.arange(count) + 0.5
        z, turn = 1 - 2 * number / count, np.pi * (1 + 5**0.5) * number
        normals = np.stack([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z], -1)
        towards = pixel_directions(SMALL, 2 * SMALL, np.arange(SMALL), np.arange(2 * SMALL)).reshape(-1, 3)
        self.normals = normals
        self._area = np.repeat(row_areas(SMALL, 2 * SMALL), 2 * SMALL)
        lobe = np.maximum(normals @ towards.T, 0) * self._area
        self._lobe = lobe / lobe.sum(1, keepdims=True)

    def falling(self, light: np.ndarray) -> np.ndarray:
        """(256, 3), from a panorama, (64, 128, 3)."""
        return self._lobe @ light.reshape(-1, 3)

    def total(self, light: np.ndarray) -> np.ndarray:
        """(3,), of all directions."""
        return self._area @ light.reshape(-1, 3)

    def compare(self, made: np.ndarray, truth: np.ndarray) -> list[float]:
        """COLUMNS of one panorama, (64, 128, 3), beside its truth."""
        p, t = self.falling(made), self.falling(truth)
        total = [float(self.total(light) @ np.array(LUMINANCE)) for light in (made, truth)]
        energy = float(np.log2(max(total[0], _DARK) / max(total[1], _DARK)))
        told = [relative_rmse(p, t), _angle(p, t), energy, abs(energy)]
        on = coverage(_BALL) > 0.99
        for a, b in zip(balls(made.astype(np.float32), _BALL), balls(truth.astype(np.float32), _BALL), strict=True):
            a, b = a[on], b[on]  # noqa: PLW2901
            gain = float((a * b).sum() / max((a * a).sum(), _DARK))
            told += [float(np.sqrt(((k * a - b) ** 2).mean()) / b.mean()) for k in (gain, 1.0)] + [_angle(a, b)]
        return told


def relative_rmse(made: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(((made - truth) ** 2).mean()) / truth.mean())


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    cosine = (a * b).sum(-1) / np.maximum(np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1), _DARK)
    return float(np.degrees(np.arccos(cosine.clip(-1, 1))).mean())


def cut_views(
    folder: Path, views: int, seed: int, width: int = _VIEW
) -> Iterator[tuple[np.ndarray, Map, np.ndarray, float, float]]:
    """Each view, what of the sphere it shows, its panorama turned towards it, field of view and pitch; the fields in turn."""
    rng = np.random.default_rng(seed)
    for path in sorted(folder.glob("pano_*.exr")):
        panorama = read_panorama(path, _WIDE // 2)
        for fov in FIELDS * views:
            turned = np.roll(panorama, rng.integers(_WIDE), 1)
            pitch = float(rng.uniform(-10, 15))
            view = cut_view(turned, width, fov, pitch)
            yield view, to_map(view, perspective(width, fov), rotation(pitch, 0, 0), _WIDE), turned, fov, pitch


def measure(
    folder: Path, views: int, seed: int = 5, methods: dict[str, Fill] | None = None, condition: Condition | None = None
) -> dict[str, np.ndarray]:
    """By method: (views of all panoramas, COLUMNS), the fields of view in turn. condition: they are photographed."""
    light, scores = Light(), {name: [] for name in methods or METHODS}
    for number, (view, seen, panorama, fov, pitch) in enumerate(cut_views(folder, views, seed, _PHOTO if condition else _VIEW)):
        truth = pooled(panorama, SMALL)
        sources = dict.fromkeys(scores, (view, seen))
        if condition:
            taken, lens, turn = take(view, condition, number), perspective(_PHOTO, fov), rotation(pitch, 0, 0)
            sources = dict.fromkeys(scores, (taken.seen, to_map(taken.seen, lens, turn, _WIDE)))
            sources["ours"] = taken.restored, to_map(taken.restored, lens, turn, _WIDE)
        for name, fill in (methods or METHODS).items():
            shown, there = sources[name]
            made = fill(there.pixels, there.covered, shown, fov, pitch)
            scores[name].append(light.compare(pooled(made, SMALL), truth))
    return {name: np.array(rows) for name, rows in scores.items()}


def _print(scores: dict[str, np.ndarray], title: str) -> None:
    for place, fov in enumerate((*FIELDS, None)):
        every = slice(None) if fov is None else slice(place, None, len(FIELDS))
        count = len(next(iter(scores.values()))[every])
        print(f"\n### {title}{'all' if fov is None else f'{fov} degrees'}, {count} views\n")
        print("| | " + " | ".join(COLUMNS) + " |\n|---" * 1 + "|---" * len(COLUMNS) + "|")
        for name, rows in scores.items():
            print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in np.median(rows[every], 0)) + " |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("panoramas", type=Path)
    parser.add_argument("--views", type=int, default=2, help="of each panorama and field of view (default: %(default)s)")
    parser.add_argument("--only", choices=METHODS, help="measure one of them (the others do not depend on it)")
    names = [condition.name for condition in CONDITIONS]
    parser.add_argument("--photographed", nargs="*", choices=names, help="as photos (default: of all three conditions)")
    options = parser.parse_args()
    methods = {options.only: METHODS[options.only]} if options.only else METHODS
    if options.photographed is None:
        _print(measure(options.panoramas, options.views, methods=methods), "")
    else:
        for condition in (c for c in CONDITIONS if c.name in (options.photographed or names)):
            _print(measure(options.panoramas, options.views, methods=methods, condition=condition), f"{condition.name}, ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
