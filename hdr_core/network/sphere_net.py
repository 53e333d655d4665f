"""The light of a whole sphere, from the part of it that a photo shows: soft, on a coarse map."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .padding import Conv, double

ROWS = 32
"""Of the coarse map, which is twice as wide."""

_DARK = 1e-4
_INPUTS = 8
_FARTHEST = 3.0  # log: how far a correction may go


class SphereNet(nn.Module):
    """A correction of the photo's own light spread out, and light that is out of view, as a soft bright map.

    Untrained, its correction is none and its bright map is faint: the result is the photo's light, spread out.
    """

    def __init__(self, width: int = 24, dropout: float = 0.0) -> None:
        super().__init__()
        sizes = [width, 2 * width, 3 * width, 4 * width]
        self.enter = Conv(_INPUTS, width)
        self.down = nn.ModuleList(_Block(a, b) for a, b in itertools.pairwise(sizes))
        self.whole = nn.Sequential(
            nn.Linear(2 * sizes[-1], sizes[-1]), nn.SiLU(), nn.Dropout(dropout), nn.Linear(sizes[-1], sizes[-1])
        )
        self.up = nn.ModuleList(_Block(b + a, a) for a, b in zip(sizes[-2::-1], sizes[:0:-1], strict=True))
        self.drop = nn.Dropout2d(dropout)
        self.leave = Conv(width, 4)
        self.energy = nn.Linear(sizes[-1], 6)
        with torch.no_grad():
            for values in (*self.leave.parameters(), *self.energy.parameters()):
                values.zero_()
            self.energy.bias[3:] = -4.0

    def forward(self, light: Tensor, share: Tensor, peak: Tensor) -> Tensor:
        """light: (N, 3, ROWS, 2 ROWS) linear, the mean of what the photo shows in each cell; share: (N, 1, ...) in [0, 1], how
        much of the cell it shows; peak: (N, 1, ...), the brightest luminance there. Returns light, (N, 3, ROWS, 2 ROWS).
        """
        area = _areas(light)
        weight = share * area
        log = light.clamp(min=_DARK).log()
        level = (log * weight).sum((1, 2, 3), keepdim=True) / (3 * weight.sum((1, 2, 3), keepdim=True)).clamp(min=1e-6)
        base = _spread((log - level) * weight, weight)
        top = (peak.clamp(min=_DARK).log() - level) * share
        z = _heights(light)
        features = torch.cat([base, (log.mean(1, keepdim=True) - level) * share, share, top, z, 1 - z.square()], 1) * 0.5
        x = functional.silu(self.enter(features, panorama=True))
        kept = []
        for block in self.down:
            kept.append(x)
            x = block(functional.avg_pool2d(x, 2))
        small = functional.avg_pool2d(area, 2 ** len(self.down))
        mean = (x * small).sum((2, 3)) / small.sum((2, 3))
        whole = self.whole(torch.cat([mean, x.amax((2, 3))], 1))
        x = self.drop(x + whole[..., None, None])
        for block in self.up:
            x = block(torch.cat([double(x, panorama=True), kept.pop()], 1))
        told, energy = self.leave(x, panorama=True), self.energy(whole)
        correction = told[:, :3] + energy[:, :3, None, None]
        soft = base + _FARTHEST * torch.tanh(correction / _FARTHEST)
        place = torch.softmax((told[:, 3:] + (area * (1 - share) + 1e-6).log()).flatten(2), -1).view_as(share) / area
        bright = energy[:, 3:].clamp(max=6).exp()[..., None, None] * place * (4 * math.pi)
        return (soft.exp() + bright) * level.exp()


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = Conv(inputs, outputs), Conv(outputs, outputs)
        self.norm = nn.GroupNorm(4, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.silu(self.norm(self.first(x, panorama=True)))
        return x + functional.silu(self.second(x, panorama=True))


def _spread(values: Tensor, weight: Tensor) -> Tensor:
    """`values`, already multiplied by `weight`, over the whole map: the farther from what is known, the smoother."""
    if values.shape[-2] <= 4:
        return (values.sum((2, 3), keepdim=True) / weight.sum((2, 3), keepdim=True).clamp(min=1e-6)).expand_as(values)
    low = _spread(functional.avg_pool2d(values, 2) * 4, functional.avg_pool2d(weight, 2) * 4)
    known = (weight / _areas(weight)).clamp(max=1)
    return double(low, panorama=True) * (1 - known) + values / weight.clamp(min=1e-6) * known


def _areas(like: Tensor) -> Tensor:
    """(1, 1, h, 2h) steradians."""
    rows, columns = like.shape[-2:]
    edges = torch.cos(torch.arange(rows + 1, device=like.device) * (math.pi / rows))
    return ((edges[:-1] - edges[1:]) * (2 * math.pi / columns))[None, None, :, None].expand(1, 1, rows, columns)


def _heights(like: Tensor) -> Tensor:
    rows = like.shape[-2]
    z = torch.cos((torch.arange(rows, device=like.device) + 0.5) * (math.pi / rows))
    return z[None, None, :, None].expand(len(like), 1, rows, like.shape[-1])
