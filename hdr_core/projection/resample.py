"""A picture's light as an equirectangular map: averaged over each pixel's solid angle, so that none is lost or made."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..network.padding import pad
from .lenses import Lens

WIDEST = 8192
NARROWEST = 256
_EDGE = 2  # pixels around the picture, so that interpolation knows what lies beyond the wrap
_SAMPLES = 2**21  # looked up at a time
_FINEST = 8  # samples a side of one pixel of the map


@dataclass(frozen=True)
class Map:
    """pixels: (H, 2H, C) float32; covered: (H, 2H) float32 in [0, 1], how much of each the picture shows."""

    pixels: np.ndarray
    covered: np.ndarray


def map_width(lens: Lens) -> int:
    """How wide a map holds the picture's middle at its own resolution: even, from 256 to 8192."""
    wanted = lens.width if lens.whole else 2 * math.pi * lens.middle
    return lens.width if lens.whole and lens.width <= WIDEST else int(min(max(64 * math.ceil(wanted / 64), NARROWEST), WIDEST))


def rotation(pitch: float, roll: float, yaw: float) -> np.ndarray:
    """(3, 3), from the photo's axes to the panorama's: rolled clockwise, then lifted by the pitch, then turned to the left.

    Degrees. The panorama's axes are Blender's: +X is its middle, +Y its left quarter, +Z up.
    """
    p, r, y = (math.radians(angle) for angle in (pitch, roll, yaw))
    rolled = np.array([[1, 0, 0], [0, math.cos(r), -math.sin(r)], [0, math.sin(r), math.cos(r)]])
    lifted = np.array([[math.cos(p), 0, -math.sin(p)], [0, 1, 0], [math.sin(p), 0, math.cos(p)]])
    turned = np.array([[math.cos(y), -math.sin(y), 0], [math.sin(y), math.cos(y), 0], [0, 0, 1]])
    return turned @ lifted @ rolled


def to_map(
    picture: np.ndarray,
    lens: Lens,
    turn: np.ndarray,
    width: int,
    alpha: np.ndarray | None = None,
    step: Callable[[float], None] = lambda _: None,
) -> Map:
    """Resample a picture, (H, W, C) float32 linear, seen through `lens` and turned by `turn`, (3, 3), see `rotation`.

    width: of the map, even. alpha: (H, W) in [0, 1]: what the picture leaves out. step: told of the fraction done.
    """
    height, channels = width // 2, picture.shape[2]
    source = torch.from_numpy(np.ascontiguousarray(picture, np.float32)).permute(2, 0, 1)
    if alpha is not None:
        cover = torch.from_numpy(np.ascontiguousarray(alpha, np.float32))[None]
        source = torch.cat([source * cover, cover])
    source = _with_edge(source, lens)
    fine = _fineness(lens, width)
    margin = 2.0 * lens.most / (width / (2 * math.pi)) + 2  # no pixel that the picture may touch is passed over
    back = torch.from_numpy(turn.T.copy()).float()
    pixels = torch.zeros(height * width, channels)
    covered = torch.zeros(height * width)
    rows_at_once = max(1, 2**20 // width)
    for top in range(0, height, rows_at_once):
        rows = torch.arange(top, min(top + rows_at_once, height))
        near = torch.stack([seen.inside for seen in lens.look(_directions(rows, width, height, back))]).amax(0) > -margin
        touched = near.flatten().nonzero()[:, 0] + top * width
        for part in touched.split(max(1, _SAMPLES // fine**2)):
            value, share = _average(source, lens, part, width, fine, back, weighted=alpha is not None)
            pixels[part], covered[part] = value, share
        step((top + len(rows)) / height)
    return Map(pixels.view(height, width, channels).numpy(), covered.view(height, width).numpy())


def _fineness(lens: Lens, width: int) -> int:
    """Samples a side of a map's pixel: half a pixel of the picture apart, or less."""
    return int(min(max(2, math.ceil(2 * lens.most / (width / (2 * math.pi)))), _FINEST))


def _with_edge(source: Tensor, lens: Lens) -> Tensor:
    if lens.whole:
        return pad(source[None], _EDGE, panorama=True)[0]
    source = functional.pad(source[None], (0, 0, _EDGE, _EDGE), mode="replicate")
    return functional.pad(source, (_EDGE, _EDGE, 0, 0), mode="circular" if lens.wraps else "replicate")[0]


def _directions(rows: Tensor, width: int, height: int, back: Tensor) -> Tensor:
    """(h, W, 3) of the middles of whole rows, in the photo's axes."""
    return _towards((rows + 0.5)[:, None] / height, (torch.arange(width) + 0.5)[None] / width, back)


def _towards(down: Tensor, right: Tensor, back: Tensor) -> Tensor:
    """Directions of places on the map, both in [0, 1], in the photo's axes."""
    latitude, azimuth = math.pi * (0.5 - down), 2 * math.pi * (0.5 - right)
    flat = torch.cos(latitude)
    world = torch.stack(torch.broadcast_tensors(flat * torch.cos(azimuth), flat * torch.sin(azimuth), torch.sin(latitude)), -1)
    return world @ back.T


def _average(
    source: Tensor, lens: Lens, part: Tensor, width: int, fine: int, back: Tensor, *, weighted: bool
) -> tuple[Tensor, Tensor]:
    """Of the map's pixels `part`, (N,): the mean light that the picture shows in each, (N, C), and how much it shows."""
    height = width // 2
    offset = (torch.arange(fine) + 0.5) / fine
    down = ((part // width)[:, None] + offset.repeat_interleave(fine)) / height
    right = ((part % width)[:, None] + offset.repeat(fine)) / width
    direction = _towards(down.double(), right.double(), back.double()).float()
    area = torch.cos(math.pi * (0.5 - down))  # of one sample, as the sphere narrows towards the poles
    light, weight, shown = None, torch.zeros(len(part)), torch.zeros_like(down)
    for seen in lens.look(direction):
        here = (seen.inside >= 0).float()
        shown = torch.maximum(shown, here)
        value = _look_up(source, seen.x, seen.y)
        share = area * here * (seen.weight if seen.weight is not None else 1.0)
        summed = (value * share).sum(-1)
        light = summed if light is None else light + summed
        weight = weight + share.sum(-1)
    assert light is not None  # every lens looks once at least
    covered = (shown * area).sum(-1) / area.sum(-1)
    mean = (light / weight.clamp(min=1e-12)).T
    if not weighted:
        return mean, covered
    alpha = mean[:, -1:]
    return torch.where(alpha > 0, mean[:, :-1] / alpha.clamp(min=1e-6), 0), covered * alpha[:, 0]


def _look_up(source: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Bilinear, (C, N, n) from a source with its edge, (C, H, W); positions in pixels of the picture without it."""
    size = x.new_tensor([source.shape[2], source.shape[1]])
    grid = (torch.stack([x, y], -1) + _EDGE) / size * 2 - 1
    grid = grid.clamp(-1.5, 1.5)  # far outside, where nothing counts
    return functional.grid_sample(source[None], grid[None], mode="bilinear", padding_mode="border", align_corners=False)[0]
