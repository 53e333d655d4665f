"""How a photo's camera was tilted, told from the picture: what stands upright in the world points to one place, above or below.

Straight edges are found as regions whose gradients point one way, and the tilt is sought to whose upright most of them
lead. It is told only where they leave little doubt: many, from side to side, and hardly any better way to read them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..colour import srgb_encode
from ..runtime import require

_WORKING = 512  # pixels of the longer side that is looked at, about
SMALLEST = 96  # pixels: what has fewer a side shows nothing
_SURE_SPREAD, _SURE_SHARE, _SURE_EDGES, _SURE_LEAD = (1.5, 0.7), 0.4, 1.0, 1.4  # by benchmarks/tilt.py, on training panoramas
_STEEPEST, _TURNED = 40.0, 20.0  # degrees of pitch and roll that are looked for
_SHARP = 1.5  # degrees: how far an upright edge may point past
_BINS = 8  # of directions, around
_LEAST = 0.03  # of the longer side: shorter edges are none
_FLAT = 0.02  # of the picture's range: weaker gradients are noise
_LEANING = 50.0  # degrees from the picture's own upright: what leans more is not looked at
_FEWEST, _MOST = 4, 400  # edges
_OTHER = 5.0  # degrees of roll, or twice as many of pitch, from which on a tilt is quite another
_USUAL = (12.0, 4.0)  # degrees of pitch and roll that cameras are mostly held at


@dataclass(frozen=True)
class Edges:
    """x, y: middles, in pixels from the picture's middle, to the right and up; dx, dy: unit; length: pixels. Each (n,)."""

    x: np.ndarray
    y: np.ndarray
    dx: np.ndarray
    dy: np.ndarray
    length: np.ndarray

    def only(self, which: np.ndarray) -> Edges:
        """Those at these places, or where this is true."""
        return Edges(*(each[which] for each in (self.x, self.y, self.dx, self.dy, self.length)))

    def could_be_upright(self) -> np.ndarray:
        """(n,) bool: they do not lean too far."""
        steep = np.abs(np.degrees(np.arctan2(self.dx, self.dy)))
        return np.minimum(steep, 180 - steep) < _LEANING


@dataclass(frozen=True)
class Level:
    """pitch, roll: degrees, as `SourceView` has them. share: of the edges that could be upright, how many are, by length.

    spread: degrees that each is known to. edges: how long those are that say so, in picture heights. lead: how many times more
    of them there are than of the best other way to read the picture.
    """

    pitch: float
    roll: float
    share: float
    spread: tuple[float, float]
    edges: float
    lead: float

    @property
    def sure(self) -> bool:
        """Whether it is hardly ever far off."""
        told = self.share > _SURE_SHARE and self.edges > _SURE_EDGES and self.lead > _SURE_LEAD
        return told and all(spread < most for spread, most in zip(self.spread, _SURE_SPREAD, strict=True))


def find_level(pixels: np.ndarray, focal: float) -> Level | None:
    """How the camera of an upright perspective photo was tilted; None where the picture does not tell for sure.

    pixels: (H, W, 3) code values, or linear light as float32; focal: in its pixels.
    """
    factor = working_size(pixels)
    grey = small_grey(pixels, factor)
    if min(grey.shape) < SMALLEST:
        return None
    level = read_level(find_edges(grey), focal / factor, len(grey))
    return level if level is not None and level.sure else None


def working_size(pixels: np.ndarray) -> int:
    """How many times smaller a picture, (H, W, 3), is looked at."""
    return max(1, round(max(pixels.shape[:2]) / _WORKING))


def small_grey(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Its green, `factor` times smaller, as code values in [0, 1]: (h, w) float32."""
    height, width = (side // factor for side in pixels.shape[:2])
    green = pixels[: height * factor, : width * factor, 1].reshape(height, factor, width, factor)
    small = green.mean((1, 3), dtype=np.float32)
    if pixels.dtype.kind == "f":
        return srgb_encode(small.clip(0, 1))
    return small / np.float32(np.iinfo(pixels.dtype).max)


def find_edges(grey: np.ndarray) -> Edges:
    """The straight edges of a picture, (H, W) float32."""
    pyvips = require("pyvips")
    smooth = _blurred(grey)
    gx = (smooth[1:-1, 2:] - smooth[1:-1, :-2]) / 2
    gy = (smooth[:-2, 1:-1] - smooth[2:, 1:-1]) / 2
    strength = np.hypot(gx, gy)
    strong = strength > max(_FLAT * float(np.ptp(smooth)) / 4, float(np.percentile(strength, 70)))
    angle = np.arctan2(gy, gx) / (2 * np.pi) * _BINS
    found = [_regions(pyvips, strong, np.floor(angle + shift).astype(int) % _BINS, strength) for shift in (0.0, 0.5)]
    x, y, dx, dy, length = (np.concatenate(each) for each in zip(*found, strict=True))
    height, width = grey.shape
    return Edges(x + 1.5 - width / 2, height / 2 - y - 1.5, dx, -dy, length)


def _blurred(grey: np.ndarray) -> np.ndarray:
    for _ in range(2):
        grey = np.pad(grey, 1, mode="edge")
        grey = (grey[:-2] + 2 * grey[1:-1] + grey[2:]) / 4
        grey = (grey[:, :-2] + 2 * grey[:, 1:-1] + grey[:, 2:]) / 4
    return grey


def _regions(pyvips: object, strong: np.ndarray, bins: np.ndarray, strength: np.ndarray) -> tuple[np.ndarray, ...]:
    """Middles, directions and lengths of the straight regions of one bin each; y goes down."""
    codes = np.where(strong, bins + 1, 0).astype(np.uint8)
    image = pyvips.Image.new_from_array(codes).labelregions()  # type: ignore[attr-defined]
    labels = image.numpy().reshape(codes.shape)[strong]
    y, x = (each.astype(float) for each in np.nonzero(strong))
    weight = strength[strong].astype(float)
    _, labels = np.unique(labels, return_inverse=True)

    def summed(values: np.ndarray) -> np.ndarray:
        return np.bincount(labels, values)

    total = summed(weight)
    mx, my = summed(weight * x) / total, summed(weight * y) / total
    xx, yy, xy = (summed(weight * each) / total for each in (x * x, y * y, x * y))
    xx, yy, xy = xx - mx * mx, yy - my * my, xy - mx * my
    mean, split = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    along, across = np.sqrt(12 * (mean + split).clip(0)), np.sqrt(12 * (mean - split).clip(0))
    turn = np.arctan2(2 * xy, xx - yy) / 2
    keep = (along > _LEAST * max(strong.shape)) & (along > 5 * across)
    return mx[keep], my[keep], np.cos(turn[keep]), np.sin(turn[keep]), along[keep]


def residuals(edges: Edges, focal: float, up: np.ndarray) -> np.ndarray:
    """Radians between each edge and the way to where the upright `up`, (..., 3), leads: ahead, left, up of the camera."""
    ahead, left, above = (up[..., axis, None] for axis in range(3))
    tx, ty = -focal * left - ahead * edges.x, focal * above - ahead * edges.y
    return np.arctan2(tx * edges.dy - ty * edges.dx, np.abs(tx * edges.dx + ty * edges.dy))


def upright(pitch: float | np.ndarray, roll: float | np.ndarray) -> np.ndarray:
    """The world's up in the camera's axes."""
    p, r = np.radians(pitch), np.radians(roll)
    return np.stack([np.sin(p), np.sin(r) * np.cos(p), np.cos(r) * np.cos(p)], -1)


def longest(edges: Edges) -> Edges:
    """As many as are looked at."""
    return edges.only(np.argsort(-edges.length, kind="stable")[:_MOST])


def read_level(edges: Edges, focal: float, height: int) -> Level | None:
    """focal: pixels; height: of the picture. None where there are no edges to read."""
    edges = longest(edges.only(edges.could_be_upright()))
    if len(edges.x) < _FEWEST:
        return None
    weight = np.minimum(edges.length, height / 3)
    pitch, roll, lead = most_upright(edges, focal, weight)
    off = residuals(edges, focal, upright(pitch, roll))
    stands = np.exp(-((off / math.radians(_SHARP)) ** 2) / 2)
    spread = _spread(edges, focal, (pitch, roll), stands * np.minimum(10 * weight / height, 1))
    return Level(pitch, roll, float(stands @ weight / weight.sum()), spread, float(stands @ weight / height), min(lead, 100.0))


def most_upright(edges: Edges, focal: float, weight: np.ndarray) -> tuple[float, float, float]:
    """Pitch and roll at which most edges are upright, and how many times more they are than at any that is quite another."""

    def score(pitch: np.ndarray, roll: np.ndarray) -> np.ndarray:
        off = residuals(edges, focal, upright(pitch, roll)) / math.radians(_SHARP)
        usual = np.exp(-(((pitch / _USUAL[0]) ** 2) + (roll / _USUAL[1]) ** 2) / 8)
        return (np.exp(-(off**2) / 2) @ weight) * usual

    pitches, rolls = np.meshgrid(np.arange(-_STEEPEST, _STEEPEST + 1), np.arange(-_TURNED, _TURNED + 1), indexing="ij")
    coarse = score(pitches, rolls)
    best = np.unravel_index(coarse.argmax(), coarse.shape)
    pitch, roll = float(pitches[best]), float(rolls[best])
    for reach in (1.0, 0.2):
        near = np.linspace(-reach, reach, 11)
        tried = np.meshgrid(pitch + near, roll + near, indexing="ij")
        at = np.unravel_index(score(*tried).argmax(), tried[0].shape)
        pitch, roll = float(tried[0][at]), float(tried[1][at])
    others = coarse[np.hypot((pitches - pitch) / 2, rolls - roll) > _OTHER]
    return pitch, roll, float(coarse.max() / max(others.max(), 1e-9))


def _spread(edges: Edges, focal: float, tilt: tuple[float, float], weight: np.ndarray) -> tuple[float, float]:
    """Degrees to which the edges, so weighted, know pitch and roll."""
    step, (pitch, roll) = 0.1, tilt
    off = residuals(edges, focal, upright(pitch, roll))
    moved = (upright(pitch + step, roll), upright(pitch, roll + step))
    slopes = np.stack([(residuals(edges, focal, up) - off) / step for up in moved])
    known = (slopes * weight) @ slopes.T / math.radians(_SHARP) ** 2
    variance = np.diag(np.linalg.inv(known + np.eye(2) * 1e-6))
    return math.sqrt(variance[0]), math.sqrt(variance[1])
