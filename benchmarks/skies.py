"""How strong restored suns are, against skies whose suns are known: Blender's own Sky Texture.

    python -m benchmarks.skies --make FOLDER        # 64 skies of 4096 x 2048, by the bpy of .venv-bpy-4.5.15
    python -m benchmarks.skies --measure FOLDER     # about 30 minutes on a CPU; less with --count 16 --widths 512 1024

Each sky is photographed: clipped at 1 in 0.3% to 8% of the area, plain sRGB, 8 bits, no noise: at every size, as a camera or a
renderer of that size does, whose pixels hold the mean of the light; and the largest photo is made smaller as an image editor
does it, by averages of code values. In such a small photo a sun without glare is no more than a grey pixel, and its light
cannot be put back where it was. All are converted with the settings as they are.

error: log2 of sun over sky, against the truth's. Sun: the light that falls onto the ground from a cap around the sun that holds
the clipped blob; sky: the light from all else above the horizon.
spread: of the whole light, between the sizes to which one photo was resized, in stops.

Writes the figures into FOLDER/measured.json. The exit status says whether all marks are met.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from hdr_core import convert
from hdr_core.exr import read_exr
from training.skies import LUMINANCE, directions, panorama_weights, sun_longitude

ROOT = Path(__file__).resolve().parents[1]
SEED = 1000
WIDTHS = (512, 1024, 2048, 4096)
CLIPPED = (0.003, 0.08)  # share of the area
CAP = (4, 35)  # degrees: the least and the largest radius of what counts as the sun
MARKS = {"median": 0.5, "within": 0.9, "spread": 0.1}
WITHIN = 1.5  # stops


@dataclass(frozen=True)
class Sun:
    """Where the sun is, and how far around it counts as the sun; degrees, longitude to the right of the panorama's middle."""

    longitude: float
    elevation: float
    radius: float


def distance(height: int, width: int, longitude: float, elevation: float) -> np.ndarray:
    """(H, W): degrees between each pixel of a panorama and a direction, in degrees."""
    a, b = np.radians(longitude), np.radians(elevation)
    towards = np.array([np.cos(b) * np.cos(a), -np.cos(b) * np.sin(a), np.sin(b)])
    return np.degrees(np.arccos((directions(height, width) @ towards).clip(-1, 1)))


def sun_to_sky(radiance: np.ndarray, sun: Sun) -> float:
    """log2 of the horizontal irradiance of the sun's cap over that of the rest of the upper hemisphere.

    radiance: (H, W, 3), a panorama in linear Rec.709.
    """
    height, width = radiance.shape[:2]
    received = (radiance @ LUMINANCE) * panorama_weights(height, width, horizontal=True)
    cap = distance(height, width, sun.longitude, sun.elevation) < sun.radius
    return float(np.log2(received[cap].sum() / received[~cap].sum()))


def error(restored: np.ndarray, truth: np.ndarray, sun: Sun) -> float:
    """Stops by which the sun over the sky is too bright in `restored`, (h, w, 3), against `truth`, (H, W, 3)."""
    return sun_to_sky(restored, sun) - sun_to_sky(truth, sun)


def energy(radiance: np.ndarray) -> float:
    """log2 of the luminance of a panorama, (H, W, 3), integrated by solid angle."""
    return float(np.log2(((radiance @ LUMINANCE) * panorama_weights(*radiance.shape[:2], horizontal=False)).sum()))


def exposed(truth: np.ndarray, clipped: float) -> np.ndarray:
    """`truth`, (H, W, 3), scaled so that the brightest channel is 1 or more in the share `clipped` of the solid angle."""
    peak = truth.max(-1)
    order = np.argsort(peak, axis=None)[::-1]
    area = np.broadcast_to(panorama_weights(*peak.shape, horizontal=False), peak.shape).ravel()[order].cumsum()
    return truth / peak.ravel()[order[np.searchsorted(area, clipped * area[-1])]]


def photograph(radiance: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 code values of plain sRGB, of radiance where 1 is white."""
    light = radiance.clip(0, 1)
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)
    return (255 * code).round().astype(np.uint8)


def cap_radius(radiance: np.ndarray, longitude: float, elevation: float) -> float:
    """Degrees around the sun until less than half of a ring of one degree, above the horizon, clips in (H, W, 3)."""
    half = len(radiance) // 2
    rings = distance(*radiance.shape[:2], longitude, elevation)[:half].astype(int).ravel()
    area = np.broadcast_to(panorama_weights(*radiance.shape[:2], horizontal=False), radiance.shape[:2])[:half].ravel()
    clipped = radiance[:half].max(-1).ravel() >= 1
    share = np.bincount(rings, area * clipped) / np.bincount(rings, area)
    return next((float(r) for r in range(*CAP) if share[r] < 0.5), float(CAP[1]))


def measure(path: Path, row: dict[str, str], index: int, widths: list[int]) -> dict:
    """Of one sky: its sun, the truth's ratio, and what `converted` says of its photos of every width, taken and resized."""
    clipped = float(np.exp(np.random.default_rng([SEED, index]).uniform(*np.log(CLIPPED))))
    truth = exposed(read_exr(path)[0], clipped)
    longitude, elevation = sun_longitude(float(row["rotation"])), float(row["elevation"])
    sun = Sun(longitude, elevation, cap_radius(truth, longitude, elevation))
    area = panorama_weights(*truth.shape[:2], horizontal=False) * (truth.max(-1) >= 1)
    found: dict = {"name": path.stem, "clipped": clipped, **asdict(sun), "truth": sun_to_sky(truth, sun), "widths": {}}
    found["clipped_ground"] = float(area[len(area) // 2 :].sum() / area.sum())  # share of what clips: a bright ground may, too
    photo = Image.fromarray(photograph(truth))
    with tempfile.TemporaryDirectory() as folder:
        for width in widths:
            resized = photo.resize((width, width // 2), Image.Resampling.BOX)
            found["widths"][width] = {"resized": converted(resized, truth, sun, Path(folder))}
            if width == truth.shape[1]:
                found["widths"][width]["taken"] = found["widths"][width]["resized"]
                continue
            taken = Image.fromarray(photograph(smaller(truth, width)))
            found["widths"][width]["taken"] = converted(taken, truth, sun, Path(folder))
    return found


def smaller(radiance: np.ndarray, width: int) -> np.ndarray:
    """(H, W, 3) to (width / 2, width, 3), the means of the light."""
    step = radiance.shape[1] // width
    return radiance.reshape(width // 2, step, width, step, 3).mean((1, 3))


def converted(photo: Image.Image, truth: np.ndarray, sun: Sun, folder: Path) -> dict:
    """The error and the energy of what a photo becomes."""
    source, output = folder / "photo.png", folder / "photo.exr"
    photo.save(source)
    done = convert(source, output)
    restored = read_exr(output)[0]
    return {
        "error": error(restored, truth, sun),
        "energy": energy(restored),
        "peak": done.peak,
        "input_curve": done.input_curve,
        "weights": done.weights,
    }


def summary(skies: list[dict], widths: list[int]) -> dict:
    """Figures over the skies that `measure` returned: of every width, and of the spread of energy between them."""
    rows: dict[str, dict] = {"taken": {}, "resized": {}}
    for how, found in rows.items():
        for width in widths:
            errors = np.array([sky["widths"][width][how]["error"] for sky in skies])
            found[width] = {
                **{name: float(np.percentile(errors, q)) for name, q in (("p10", 10), ("median", 50), ("p90", 90))},
                "within": float((np.abs(errors) <= WITHIN).mean()),
                "absolute": float(np.median(np.abs(errors))),
            }
    spread = [np.ptp([found["resized"]["energy"] for found in sky["widths"].values()]) for sky in skies]
    return {"widths": rows, "spread": {"median": float(np.median(spread)), "most": float(np.max(spread))}}


def report(found: dict) -> bool:
    """Print the table and the marks; whether all are met."""
    print("| photo | median error | 10% | 90% | within 1.5 stops | median of its size |\n| --- | --- | --- | --- | --- | --- |")
    for how, rows in found["widths"].items():
        for width, row in rows.items():
            line = f"| {how}, {width} | {row['median']:+.2f} | {row['p10']:+.2f} | {row['p90']:+.2f} |"
            print(f"{line} {row['within']:.0%} | {row['absolute']:.2f} |")
    rows, spread = found["widths"]["taken"].values(), found["spread"]
    print(f"spread of energy between widths, stops: median {spread['median']:.3f}, most {spread['most']:.3f}")
    marks = {
        f"median error within {MARKS['median']} stops": all(abs(row["median"]) <= MARKS["median"] for row in rows),
        f"{MARKS['within']:.0%} within {WITHIN} stops": all(row["within"] >= MARKS["within"] for row in rows),
        f"spread of energy within {MARKS['spread']} stops": spread["most"] <= MARKS["spread"],
    }
    for name, met in marks.items():
        print(f"{'pass' if met else 'FAIL'}: {name}")
    return all(marks.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--make", type=Path, metavar="FOLDER")
    action.add_argument("--measure", type=Path, metavar="FOLDER")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--widths", type=int, nargs="+", default=WIDTHS, metavar="PIXELS")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="skies measured at once")
    parser.add_argument("--python", default=ROOT / ".venv-bpy-4.5.15/bin/python", help="one that has bpy 4.5, for --make")
    options = parser.parse_args()
    if options.make:
        numbers = ["--count", str(options.count), "--seed", str(SEED), "--width", str(max(WIDTHS)), "--discs", "1"]
        command = [options.python, "-m", "training.skies", "--out", options.make.absolute(), *numbers]
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    with (options.measure / "skies.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))[: options.count]
    skies = []
    paths = [options.measure / row["name"] for row in rows]
    # each process runs torch on one thread: two photos at once are done sooner than one on two threads
    with ProcessPoolExecutor(options.jobs, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        for sky in pool.map(measure, paths, rows, range(len(rows)), repeat(options.widths)):
            skies.append(sky)
            errors = " ".join(f"{width}: {found['taken']['error']:+.2f}" for width, found in sky["widths"].items())
            print(f"{sky['name']} {errors}", flush=True)
    found = summary(skies, options.widths)
    (options.measure / "measured.json").write_text(json.dumps({**found, "skies": skies}, indent=1))
    return int(not report(found))


if __name__ == "__main__":
    sys.exit(main())
