"""Known skies by Blender's own Sky Texture: suns of physical strength, for training and for benchmarks/skies.py.

    .venv-bpy-4.5.15/bin/python -m training.skies --out FOLDER --count 200 --seed 1

Writes sky_SSSS_NNN.exr (SSSS: the seed): equirectangular, linear Rec.709, half float, with Blender's +X in the middle; and
skies.tsv, which says what each one is. A sky whose brightest pixel is beyond 60,000 is scaled as a whole until it is not.

The disc of the sun is smaller than two pixels, so a window around it is rendered finely and averaged by solid angle: the light
of the sun does not depend on the width. Below the horizon lies a Lambertian ground that the sky above lights. bpy is imported
only to render; the rest needs numpy alone.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

PEAK = 60000.0
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
HAZE = 1.0  # degrees below the horizon
DISC_STEPS = 64  # fine pixels across the disc, at least
GROUNDS = {"grey": (1.0, 1.0, 1.0), "brown": (1.25, 0.97, 0.68), "green": (0.85, 1.08, 0.65), "snow": (0.98, 1.0, 1.03)}


@dataclass(frozen=True)
class Sky:
    """Angles in degrees, altitude in metres, densities as the Sky Texture has them (1 is a clear day)."""

    elevation: float
    rotation: float
    air: float
    dust: float
    ozone: float
    altitude: float
    sun_disc: bool
    sun_size: float
    sun_intensity: float
    ground: str
    albedo: float


@dataclass(frozen=True)
class Rendered:
    """panorama: (H, W, 3) float32; sun, sky: horizontal irradiance, (3,) linear Rec.709, by the disc and by all else above."""

    panorama: np.ndarray
    sun: np.ndarray
    sky: np.ndarray


def draw(random: np.random.Generator, discs: float) -> Sky:
    """A random sky; discs: the probability that its sun is not hidden."""

    def even(low: float, high: float) -> float:
        return round(float(random.uniform(low, high)), 4)

    def log_even(low: float, high: float) -> float:
        return round(float(np.exp(random.uniform(np.log(low), np.log(high)))), 4)

    ground = str(random.choice(list(GROUNDS), p=(0.35, 0.3, 0.29, 0.06)))
    return Sky(
        elevation=even(2, 85),
        rotation=even(0, 360),
        air=log_even(0.7, 1.8),
        dust=log_even(0.2, 6),
        ozone=log_even(0.5, 3),
        altitude=even(0, 500) if random.random() < 0.7 else even(500, 3000),
        sun_disc=bool(random.random() < discs),
        sun_size=round(float(0.545 * np.exp(random.normal(0, 0.03))), 4),
        sun_intensity=1.0 if random.random() < 0.85 else log_even(0.5, 1),
        ground=ground,
        albedo=0.8 if ground == "snow" else even(0.1, 0.4),
    )


def sun_longitude(rotation: float) -> float:
    """Where the sun is, degrees to the right of the panorama's middle, in [-180, 180); rotation: the Sky Texture's, degrees."""
    return (rotation + 90) % 360 - 180


def directions(height: int, width: int) -> np.ndarray:
    """(H, W, 3) float64 unit vectors of the middles of a panorama's pixels: x to its middle, y to its left quarter, z up."""
    latitude = np.pi * (0.5 - (np.arange(height) + 0.5) / height)[:, None]
    longitude = 2 * np.pi * ((np.arange(width) + 0.5) / width - 0.5)
    z = np.broadcast_to(np.sin(latitude), (height, width))
    return np.stack([np.cos(latitude) * np.cos(longitude), -np.cos(latitude) * np.sin(longitude), z], -1)


def row_weights(top: float, bottom: float, rows: int, step: float, *, horizontal: bool) -> np.ndarray:
    """(rows, 1) float64: the solid angle (sr) of a pixel in each of equal rows from latitude `top` to `bottom`.

    step: the width of a pixel; all angles in radians. horizontal: of light onto a horizontal surface, so with the sine of the
    latitude in the integral; 0 below the horizon.
    """
    sines = np.sin(np.linspace(top, bottom, rows + 1))
    if horizontal:
        sines = np.maximum(sines, 0) ** 2 / 2
    return step * (sines[:-1] - sines[1:])[:, None]


def panorama_weights(height: int, width: int, *, horizontal: bool) -> np.ndarray:
    """(H, 1) float64, see row_weights."""
    return row_weights(np.pi / 2, -np.pi / 2, height, 2 * np.pi / width, horizontal=horizontal)


def ground(height: int, width: int, radiance: np.ndarray, horizon: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(height, W, 3): the lower half of a panorama.

    radiance: (3,) of the ground, its mean; horizon: (W, 3), radiance of the sky just above, which haze blends into the ground.
    """
    down = directions(2 * height, width)[height:]
    variation = np.zeros((height, width))
    for _ in range(6):
        variation += 0.06 * np.sin(down @ random.normal(0, 3, 3) + random.uniform(0, 2 * np.pi))
    depression = 90 * (np.arange(height) + 0.5) / height
    haze = np.exp(-((depression / HAZE) ** 2))[:, None, None]
    return haze * horizon + (1 - haze) * radiance * np.exp(variation)[..., None]


def window(sky: Sky, height: int, width: int) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of the pixels of a panorama that the disc touches; columns may lie beyond its edges."""
    radius = math.radians(sky.sun_size / 2) * 1.02
    latitude, longitude = math.radians(sky.elevation), math.radians(sun_longitude(sky.rotation))
    reach = math.asin(math.sin(radius) / math.cos(latitude))
    rows = [(0.5 - (latitude + d) / math.pi) * height for d in (radius, -radius)]
    columns = [(0.5 + (longitude + d) / (2 * math.pi)) * width for d in (-reach, reach)]
    return math.floor(rows[0]), math.ceil(rows[1]), math.floor(columns[0]), math.ceil(columns[1])


def render(sky: Sky, width: int, random: np.random.Generator) -> Rendered:
    """Needs bpy 4.5: the sky over a random ground, `width` pixels wide. Values are the Sky Texture's own, not scaled."""
    from . import sky_texture

    height = width // 2
    sky_texture.set_up(sky)
    above = sky_texture.render((90.0, 0.0), (-180.0, 180.0), (height // 2, width), samples=max(1, 4096 // width), disc=False)
    weights = panorama_weights(height, width, horizontal=True)[: height // 2]
    diffuse, sun = (above * weights[..., None]).sum((0, 1), dtype=np.float64), np.zeros(3)
    horizon = above[-1].copy()
    if sky.sun_disc:
        top, bottom, left, right = window(sky, height, width)
        step = 180 / height  # degrees
        fine = math.ceil(DISC_STEPS * step / sky.sun_size)
        latitudes, longitudes = (90 - top * step, 90 - bottom * step), (left * step - 180, right * step - 180)
        size = (bottom - top) * fine, (right - left) * fine
        disc = sky_texture.render(latitudes, longitudes, size, samples=16, disc=True).astype(np.float64)
        columns = np.arange(left, right) % width
        behind = above[top:bottom, columns].repeat(fine, 0).repeat(fine, 1)
        edges = math.radians(latitudes[0]), math.radians(latitudes[1]), size[0], math.radians(step / fine)
        sun = ((disc - behind) * row_weights(*edges, horizontal=True)[..., None]).sum((0, 1))
        share = row_weights(*edges, horizontal=False)[..., None]
        blocks = (bottom - top, fine, right - left, fine, 3)
        light = (disc * share).reshape(blocks).sum((1, 3))
        above[top:bottom, columns] = light / (share * np.ones_like(disc)).reshape(blocks).sum((1, 3))
    reflected = np.array(GROUNDS[sky.ground]) * sky.albedo * (sun + diffuse) / np.pi
    below = ground(height // 2, width, reflected, horizon, random)
    return Rendered(np.concatenate([above, below]).astype(np.float32), sun, diffuse)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--width", type=int, default=1024, help="pixels, a multiple of 4")
    parser.add_argument("--discs", type=float, default=0.85, help="share of the skies whose sun is not hidden")
    options = parser.parse_args()
    from .sky_texture import write_exr

    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "skies.tsv").open("w", newline="", encoding="utf-8") as file:
        table = None
        for i in range(options.count):
            random = np.random.default_rng([options.seed, i])
            sky = draw(random, options.discs)
            rendered = render(sky, options.width, random)
            scale = min(1.0, PEAK / float(rendered.panorama.max()))
            name = f"sky_{options.seed:04}_{i:03}.exr"
            write_exr(options.out / name, rendered.panorama * np.float32(scale))
            irradiance = {
                f"{k}_irradiance": f"{scale * v @ LUMINANCE:.6g}" for k, v in (("sun", rendered.sun), ("sky", rendered.sky))
            }
            row = {"name": name, **asdict(sky), "scale": f"{scale:.6g}", **irradiance}
            if table is None:
                table = csv.DictWriter(file, list(row), delimiter="\t", lineterminator="\n")
                table.writeheader()
            table.writerow(row)
            file.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
