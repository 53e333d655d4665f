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
from .map_grid import Block, MapGrid, blocks_seen

WIDEST = 8192
NARROWEST = 256
_EDGE = 2  # pixels around the picture, so that interpolation knows what lies beyond the wrap
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


def to_map(picture: np.ndarray, lens: Lens, turn: np.ndarray, width: int) -> Map:
    """Resample a picture, (H, W, C) float32 linear, seen through `lens` and turned by `turn`, (3, 3), see `rotation`.

    width: of the map, even.
    """
    pixels, covered = resample(picture, lens, turn, width)
    return Map(pixels.numpy(), covered.numpy())


def resample(
    picture: np.ndarray,
    lens: Lens,
    turn: np.ndarray,
    width: int,
    alpha: np.ndarray | None = None,
    step: Callable[[float], None] = lambda _: None,
    device: str = "cpu",
) -> tuple[Tensor, Tensor]:
    """As `to_map`, on a torch device: pixels (H, 2H, C) and covered (H, 2H), float32.

    alpha: (H, W) in [0, 1]: what the picture leaves out. step: told of the fraction done.
    """
    height, channels = width // 2, picture.shape[2]
    source = torch.from_numpy(np.ascontiguousarray(picture, np.float32)).to(device).permute(2, 0, 1)
    if alpha is not None:
        cover = torch.from_numpy(np.ascontiguousarray(alpha, np.float32)).to(device)[None]
        source = torch.cat([source * cover, cover])
    source = _with_edge(source, lens)
    grid = MapGrid(width, turn, torch.device(device))
    pixels, covered = torch.zeros(height, width, channels, device=device), torch.zeros(height, width, device=device)
    for block in blocks_seen(lens, grid, _fineness(lens, grid)):
        here = block.rows, block.columns
        pixels[here], covered[here] = _average(source, lens, grid, block, weighted=alpha is not None)
        step(block.rows.stop / height)
    return pixels, covered


def _fineness(lens: Lens, grid: MapGrid) -> int:
    """Samples a side of a map's pixel: half a pixel of the picture apart, or less."""
    return int(min(max(2, math.ceil(2 * lens.most / grid.density)), _FINEST))


def _with_edge(source: Tensor, lens: Lens) -> Tensor:
    if lens.whole:
        return pad(source[None], _EDGE, panorama=True)[0]
    source = functional.pad(source[None], (0, 0, _EDGE, _EDGE), mode="replicate")
    return functional.pad(source, (_EDGE, _EDGE, 0, 0), mode="circular" if lens.wraps else "replicate")[0]


def _average(source: Tensor, lens: Lens, grid: MapGrid, block: Block, *, weighted: bool) -> tuple[Tensor, Tensor]:
    """Of a block's pixels: the mean light that the picture shows in each, (h, w, C), and how much it shows, (h, w)."""
    area = grid.areas(block.rows, block.fine)
    light = weight = shown = torch.zeros(1, device=grid.device)
    for seen in lens.look(grid.directions(block.rows, block.columns, block.fine)):
        here = (seen.inside >= 0).float()
        shown = torch.maximum(shown, here)
        share = area * here * (seen.weight if seen.weight is not None else 1.0)
        light = light + _pooled(_look_up(source, seen.x, seen.y) * share, block.fine)
        weight = weight + _pooled(share[None], block.fine)
    covered = (_pooled((shown * area)[None], block.fine) / _pooled(area.expand_as(shown)[None], block.fine))[0]
    mean = (light / weight.clamp(min=1e-12)).movedim(0, -1)
    if not weighted:
        return mean, covered
    alpha = mean[..., -1:]
    return torch.where(alpha > 0, mean[..., :-1] / alpha.clamp(min=1e-6), 0), covered * alpha[..., 0]


def _pooled(x: Tensor, fine: int) -> Tensor:
    return functional.avg_pool2d(x[None], fine)[0]


def _look_up(source: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Bilinear, (C, h, w) from a source with its edge, (C, H, W); positions in pixels of the picture without it."""
    size = source.shape[2], source.shape[1]
    grid = torch.stack([(place + _EDGE) * (2 / side) - 1 for place, side in zip((x, y), size, strict=True)], -1)
    grid = grid.clamp(-1.5, 1.5)  # far outside, where nothing counts
    return functional.grid_sample(source[None], grid[None], mode="bilinear", padding_mode="border", align_corners=False)[0]
