"""The light that a network expects around a photo, on a coarse map of the whole sphere."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from ..network.sphere_net import ROWS, SphereNet
from ..network.weights import load_sphere_network
from ..sun import LUMINANCE

_FINE = 4  # the network's cells are pooled from a map so many times as fine, whose brightest pixel it sees, too
_PHASES = 8  # the network halves its map three times: turned by fewer columns, it says something else
_ROUND = 0.1  # radians


def expected_light(light: Tensor, share: Tensor) -> Tensor:
    """light: (1, 3, h, 2h) linear, around 0.2; share: (1, 1, h, 2h) in [0, 1], how much of each pixel the photo shows.

    Returns (1, 3, ROWS, 2 ROWS), above 0: the geometric mean of what the network says of the map, turned and mirrored, so that
    the light turns with the map. Raises WeightsError.
    """
    cells = torch.cat(_cells(light, share), 1).cpu()  # few and small
    turned = [around.roll(by, -1) for around in (cells, cells.flip(-1)) for by in range(_PHASES)]
    told = _network()(*torch.cat(turned).split((3, 1, 1), 1)).log()
    back = torch.stack([one.roll(-(number % _PHASES), -1) for number, one in enumerate(told)])
    return _round_poles((back[:_PHASES].mean(0) + back[_PHASES:].mean(0).flip(-1)) / 2).exp()[None].to(light.device)


def _round_poles(log: Tensor) -> Tensor:
    """(3, ROWS, 2 ROWS), smoothed along rows the more, the nearer to a pole: there all columns are one place."""
    angle = (torch.arange(ROWS) + 0.5)[:, None] * (math.pi / ROWS)
    waves = torch.arange(ROWS + 1)
    kept = (-0.5 * (_ROUND * waves / angle.tan()).square()).exp()
    return torch.fft.irfft(torch.fft.rfft(log) * kept, 2 * ROWS)


@lru_cache(maxsize=1)
def _network() -> SphereNet:
    return load_sphere_network()[0]


def _cells(light: Tensor, share: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What the network sees: light, share, and the brightest luminance, of each cell."""
    size = (_FINE * ROWS, 2 * _FINE * ROWS)
    fine = functional.adaptive_avg_pool2d(share, size)
    shown = functional.adaptive_avg_pool2d(light * share, size)
    known = functional.avg_pool2d(fine, _FINE)
    shine = (shown * shown.new_tensor(LUMINANCE)[:, None, None]).sum(1, keepdim=True)
    return functional.avg_pool2d(shown, _FINE) / known.clamp(min=1e-6), known, functional.max_pool2d(shine, _FINE)
