"""What the sphere's network is trained for, and measured by: the light that falls on things."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdr_core.network.sphere_net import ROWS
from training.sphere_settings import SphereSettings
from training.sphere_views import Views

_DARK = 1e-4


class Measure:
    """The light that falls on a matt and on a glossy ball from many sides."""

    def __init__(self, device: torch.device, count: int = 192, gloss: float = 24.0) -> None:
        number = torch.arange(count) + 0.5
        z, turn = 1 - 2 * number / count, math.pi * (1 + 5**0.5) * number
        normals = torch.stack([(1 - z * z).sqrt() * turn.cos(), (1 - z * z).sqrt() * turn.sin(), z], -1)
        up = (math.pi * (0.5 - (torch.arange(ROWS) + 0.5) / ROWS))[:, None].expand(ROWS, 2 * ROWS)
        across = (math.pi * (1 - (torch.arange(2 * ROWS) + 0.5) / ROWS))[None].expand(ROWS, 2 * ROWS)
        towards = torch.stack([up.cos() * across.cos(), up.cos() * across.sin(), up.sin()], -1).reshape(-1, 3)
        facing = (normals @ towards.T).clamp(min=0) * 1.0
        area = up.cos().reshape(-1)
        self.matt, self.glossy = (self._even(facing**power * area).to(device) for power in (1.0, gloss))

    @staticmethod
    def _even(lobe: Tensor) -> Tensor:
        return lobe / lobe.sum(1, keepdim=True)

    def lit(self, light: Tensor, lobes: Tensor) -> Tensor:
        """(N, directions, 3)."""
        return torch.einsum("dp,ncp->ndc", lobes, light.flatten(2))

    def whole(self, views: Views, fill: Tensor) -> Tensor:
        """The photo's own light where it shows it, else the fill."""
        return fill + (views.light - fill) * views.share

    def __call__(self, views: Views, fill: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Each (N,): relative RMSE, degrees between colours, stops of energy (less than 0 is too dark)."""
        made = self.whole(views, fill)
        p, t = self.lit(made, self.matt), self.lit(views.truth, self.matt)
        relative = ((p - t).square().mean((1, 2)) + 1e-12).sqrt() / t.mean((1, 2)).clamp(min=_DARK)
        cosine = torch.nn.functional.cosine_similarity(p, t, -1).clamp(-1 + 1e-6, 1 - 1e-6)
        total = [(light * views.area).sum((1, 2, 3)).clamp(min=_DARK) for light in (made, views.truth)]
        return relative, cosine.acos().rad2deg().mean(1), (total[0] / total[1]).log2()


def loss_of(measure: Measure, views: Views, fill: Tensor, settings: SphereSettings) -> Tensor:
    """Few views with a sun that nobody can guess must not rule: the errors are taken so that their median falls."""
    relative, angle, energy = measure(views, fill)
    made = measure.whole(views, fill)
    shiny = [(measure.lit(light, measure.glossy) + _DARK).log() for light in (made, views.truth)]
    away = views.area * (1 - views.share)
    picture = ((fill + _DARK).log() - (views.truth + _DARK).log()).abs().mean(1, keepdim=True)
    picture = (picture * away).sum((1, 2, 3)) / away.sum((1, 2, 3))
    loss = (
        torch.log1p(relative)
        + settings.weight_angle * angle
        + settings.weight_energy * torch.log1p(energy.abs())
        + settings.weight_picture * picture
        + settings.weight_glossy * (shiny[0] - shiny[1]).abs().mean((1, 2))
    )
    return loss.mean()
