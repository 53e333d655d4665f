"""The energy head: how much light the clipped pixels of a photo hold together, and how sure that is.

A sun is two pixels of a panorama and most of its light; a loss on pixels gives it hardly any. So the total is estimated by
itself, from the statistics of the whole photo, by an ensemble of small networks; the backbone only says where it goes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .statistics import COUNT, statistics

MEMBERS, WIDTH, DROPOUT, NOISE = 8, 64, 0.1, 0.15
GATE_WIDTH, GATE_DROPOUT = 32, 0.2
STRICT = 1.0  # logit: a photo taken for a rendered sky loses more than such a sky taken for a photo
AGREED = 0.15  # standard deviation of the log ratio between members that know a sky; of rendered ones it is 0.02 to 0.12
LARGEST_LOG_RATIO = 9.0  # e^9 = 2^13 times what the photo shows of its clipped pixels
HEDGE = 0.4  # of the expected error: light too strong by a factor is more wrong than light too weak by the same


@dataclass(frozen=True)
class Energy:
    """log_ratio (N,): natural log of the light of the clipped pixels over what the photo shows of them, at least 0;
    spread (N,): in 80% of photos the truth is no further away; restored (N,): the log ratio to restore, below log_ratio;
    members (N, M): log_ratio of each member, not limited; log_scale (N, M): log of the mean absolute error that each member
    expects of itself; sky (N,): logit that the photo shows a rendered sky; sky_share (N,): how far it is taken for one, in
    [0, 1].
    """

    log_ratio: Tensor
    spread: Tensor
    restored: Tensor
    members: Tensor
    log_scale: Tensor
    sky: Tensor
    sky_share: Tensor


def sky_share(sky: Tensor, members: Tensor) -> Tensor:
    """(N, 1), from the gate's logit (N, 1), strict, see STRICT, and what the ensemble for skies says, (N, M): where its members
    differ, it has not seen such a sky, whatever the gate takes it for.
    """
    agreed = (AGREED / members.std(1, keepdim=True).clamp(min=1e-6)).clamp(max=1) ** 4
    return torch.sigmoid(2 * (sky - STRICT)) * agreed


class Members(nn.Module):
    """An ensemble of small networks, from statistics of unit scale."""

    def __init__(self) -> None:
        super().__init__()

        def weight(inputs: int, outputs: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(MEMBERS, inputs, outputs) * inputs**-0.5)

        self.first, self.second = weight(COUNT, WIDTH), weight(WIDTH, WIDTH)
        self.last = nn.Parameter(torch.zeros(MEMBERS, WIDTH, 2))
        self.first_bias, self.second_bias = (nn.Parameter(torch.zeros(MEMBERS, 1, WIDTH)) for _ in range(2))
        self.last_bias = nn.Parameter(torch.tensor([1.0, 0.0]).expand(MEMBERS, 1, 2).clone())

    def forward(self, x: Tensor) -> Tensor:
        """(N, COUNT) to log_ratio and log_scale of each member, (2, N, M)."""
        x = x.expand(MEMBERS, -1, -1)
        if self.training:
            x = x + NOISE * torch.randn_like(x)
        x = self._dropped(functional.silu(torch.baddbmm(self.first_bias, self._dropped(x), self.first)))
        x = self._dropped(functional.silu(torch.baddbmm(self.second_bias, x, self.second)))
        return torch.baddbmm(self.last_bias, x, self.last).permute(2, 1, 0)

    def _dropped(self, x: Tensor) -> Tensor:
        return functional.dropout(x, DROPOUT, self.training)


class EnergyHead(nn.Module):
    """Statistics (N, COUNT) to `Energy`, always in float32. `fit_scale` has to be called once before training.

    Two ensembles: what a clear sky hides follows from physics, and is nothing to learn about rooms from. A gate mixes them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.photos, self.skies = Members(), Members()
        last = nn.Linear(GATE_WIDTH, 1)
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, -STRICT - 2)  # closed, until it has seen skies
        self.gate = nn.Sequential(nn.Linear(COUNT, GATE_WIDTH), nn.SiLU(), nn.Dropout(GATE_DROPOUT), last)
        self.mean: Tensor
        self.scale: Tensor
        self.interval: Tensor
        self.register_buffer("mean", torch.zeros(COUNT))
        self.register_buffer("scale", torch.ones(COUNT))
        self.register_buffer("interval", torch.tensor(math.log(5)))  # 80% of a Laplace distribution; calibrated by the training

    @torch.no_grad()
    def fit_scale(self, seen: Tensor) -> None:
        """Take mean and scale of the statistics from those of many photos, (N, COUNT)."""
        self.mean.copy_(seen.mean(0))
        self.scale.copy_(seen.std(0).clamp(min=0.02))

    def scaled(self, seen: Tensor) -> Tensor:
        """Statistics (N, COUNT) of unit scale, for the ensembles."""
        return ((seen - self.mean) / self.scale).clamp(-4, 4)

    def forward(self, radiance: Tensor, over: Tensor, *, panorama: bool) -> Energy:
        """radiance, over: (N, 3, h, w) as in `statistics`."""
        with torch.autocast(radiance.device.type, enabled=False):
            return self.estimate(statistics(radiance.float(), over.float(), panorama=panorama), panorama=panorama)

    def estimate(self, seen: Tensor, *, panorama: bool = True) -> Energy:
        """From statistics, (N, COUNT). A flat picture is never taken for a rendered sky: those that were learnt were whole."""
        x = self.scaled(seen)
        sky = self.gate(x) if panorama else torch.full_like(x[:, :1], -1e3)
        skies = self.skies(x)
        share = sky_share(sky, skies[0])
        members, log_scale = torch.lerp(self.photos(x), skies, share)
        log_scale = log_scale.clamp(-4, 2)
        error = (log_scale.exp().mean(1) ** 2 + members.var(1) / 2).sqrt()
        middle = members.mean(1)
        hedge = HEDGE * (1 - share[:, 0]) * error  # what a clear sky hides is known well
        ratio, restored = (x.clamp(0, LARGEST_LOG_RATIO) for x in (middle, middle - hedge))
        return Energy(ratio, self.interval * error, restored, members, log_scale, sky[:, 0], share[:, 0])
