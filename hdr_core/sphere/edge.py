"""How a photo's picture goes on beyond its edge: mirrored there, and the softer, the farther from the edge.

So neither colour nor sharpness ends at the edge, and nothing that touches it is drawn out into a streak. What is mirrored
softens with the square of the distance: slowly at the edge, where one looks, and soon where its symmetry would show.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .grid import areas_like, between, directions_at, enlarged, looked_up, places_of, soft

_COARSEST = 96  # the coarsest map that is mirrored has fewer rows: beyond what it mirrors the smooth light goes on
_SOFTENS = 1.2  # radians: a map is mirrored as far as the square root of this times a cell's size; 14 degrees at the coarsest
_LEVEL = 0.2  # radians between a place and its mirror image, up or down: what is much higher or lower is of another kind
_ROWS = 256  # of the map that knows the nearest point of the edge, which changes evenly between its pixels
_NEAR = 0.5  # radians from the edge within which it must be exact
_FAR = 64  # rows, enough for what is farther
_POINTS = 8192  # of the edge that are looked at
_AT_ONCE = 2048


@dataclass(frozen=True)
class Edge:
    """Of each pixel: nearest, (1, 3, r, 2r), the edge's nearest point, a unit vector; angle, (1, 1, r, 2r), radians to it."""

    nearest: Tensor
    angle: Tensor


def find_edge(share: Tensor) -> Edge:
    """share: (1, 1, h, 2h) in [0, 1], how much of each pixel the photo shows, and not all of the sphere."""
    points = torch.from_numpy(_edge_points(share[0, 0].cpu().numpy())).float().to(share.device)
    if not len(points):  # it covers more than half of every pixel, or less
        return Edge(share.new_ones(1, 3, 2, 4), share.new_full((1, 1, 2, 4), math.pi))
    far = _nearest(points, min(_FAR, share.shape[-2]), None)
    rows = min(_ROWS, share.shape[-2])
    return _nearest(points, rows, far) if rows > _FAR else far


def _nearest(points: Tensor, rows: int, far: Edge | None) -> Edge:
    """points: (n, 3), of the edge. far: as a coarser map has it, which is enough where the edge is not near."""
    size = rows, 2 * rows
    y, x = torch.meshgrid(*(torch.arange(length, device=points.device) + 0.5 for length in size), indexing="ij")
    here = directions_at(y.flatten(), x.flatten(), rows)
    if far is None:
        nearest, asked = torch.empty_like(here), torch.arange(len(here), device=points.device)
    else:
        nearest = functional.normalize(enlarged(far.nearest, size)[0].flatten(1).T, dim=1)
        asked = (enlarged(far.angle, size).flatten() < _NEAR).nonzero()[:, 0]
    for part in asked.split(_AT_ONCE):
        nearest[part] = points[(here[part] @ points.T).argmax(1)]
    return Edge(nearest.T.reshape(1, 3, *size), _angle(nearest, here).view(1, 1, *size))


def go_on(log: Tensor, share: Tensor, smooth: Tensor, edge: Edge) -> Tensor:
    """The photo's picture, and how it goes on beyond its edge, (1, 3, h, 2h), all in the logarithm of light.

    log: (1, 3, h, 2h), the photo's light, where it shows any; share: (1, 1, h, 2h); smooth: (1, 3, r, 2r), what is far from it.
    """
    area = areas_like(share)
    levels = [(log * share * area, share * area)]
    while levels[-1][1].shape[-2] % 2 == 0 and levels[-1][1].shape[-2] >= _COARSEST:
        summed, weight = levels[-1]
        levels.append((functional.avg_pool2d(summed, 2) * 4, functional.avg_pool2d(weight, 2) * 4))
    result = soft(smooth, levels[-1][1].shape[-2])
    for summed, weight in reversed(levels):
        result = _mirrored(summed, weight, enlarged(result, weight.shape[-2:]), edge)
    return result


def _mirrored(summed: Tensor, weight: Tensor, beyond: Tensor, edge: Edge) -> Tensor:
    """`beyond`, with the photo in it, and near its edge its mirror image, as a map of one fineness has them."""
    rows = weight.shape[-2]
    reach = math.sqrt(_SOFTENS * math.pi / rows)
    area = areas_like(weight)
    light, known = summed / area, (weight / area).clamp(max=1)
    strip = (enlarged(edge.angle, known.shape[-2:]) < reach) & (known < 1)
    row, column = strip[0, 0].nonzero(as_tuple=True)
    y, x = row + 0.5, column + 0.5
    own = directions_at(y, x, rows)
    scale = edge.angle.shape[-2] / rows
    rim = functional.normalize(looked_up(edge.nearest, y * scale, x * scale)[0].T, dim=1)
    image = places_of(2 * (rim * own).sum(1, keepdim=True) * rim - own, rows)
    seen, there = (looked_up(sums, *image)[0] for sums in (light, known))
    near = between(_angle(rim, own), reach, 0.0) * (there[0] * 4).clamp(max=1)
    near = near * (-((y - image[0]) * (math.pi / rows / _LEVEL)).square()).exp()
    at = (0, slice(None), row, column)
    result = beyond.clone()
    result[at] = torch.lerp(beyond[at], seen / there.clamp(min=1e-6), near)
    return torch.lerp(result, light / known.clamp(min=1e-6), known)


def _angle(one: Tensor, other: Tensor) -> Tensor:
    """(n,) radians between (n, 3) unit vectors."""
    return 2 * ((one - other).norm(dim=1) / 2).clamp(max=1).asin()


def _edge_points(share: np.ndarray) -> np.ndarray:
    """(n, 3) unit vectors of where the photo ends: it covers more than half of a pixel, and less of the next."""
    rows = len(share)
    crossings = []
    for one, other, down in ((share, np.roll(share, -1, 1), 0.0), (share[:-1], share[1:], 1.0)):
        y, x = np.nonzero((one >= 0.5) != (other >= 0.5))
        part = (0.5 - one[y, x]) / (other[y, x] - one[y, x])
        crossings.append(np.stack([y + 0.5 + part * down, x + 0.5 + part * (1 - down)], 1))
    places = torch.from_numpy(np.concatenate(crossings))
    places = places[:: max(1, math.ceil(len(places) / _POINTS))]
    return directions_at(places[:, 0], places[:, 1], rows).numpy()
