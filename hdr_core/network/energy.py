"""The energy head: how much light the clipped pixels of a photo hold together, and how sure that is.

A sun is two pixels of a panorama and most of its light; a loss on pixels gives it hardly any. So the total is estimated by
itself, by ensembles of small networks that see statistics of the whole photo; the backbone only says where it goes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .emission import Clipped, Emission
from .padding import pad
from .statistics import COUNT, area, luminance, statistics

SEEN = 2 * COUNT + 1  # what `observed` returns of a photo
MEMBERS, WIDTH, DROPOUT, NOISE = 8, 64, 0.1, 0.15
GATE_WIDTH, GATE_DROPOUT = 32, 0.2
STRICT = 1.0  # logit: a photo taken for a rendered sky loses more than such a sky taken for a photo
AGREED = (
    0.06  # standard deviation of the log of the whole light between members; of skies not learnt 0.005 to 0.04, of one 0.09
)
LARGEST_LOG_RATIO = 9.0  # of photos: e^9 = 2^13 times what they show of their clipped pixels
LARGEST_HIDDEN = 5.0  # of rendered skies: e^5 times what the photo shows as a whole
BESIDE, CLIPS = 2, 0.25  # pixels of the working resolution; over-exposure that is surely that of a lamp
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


@dataclass(frozen=True)
class Pixels:
    """Preliminary radiance in [0, 1] and over-exposure of a photo at working resolution, (N, 3, h, w)."""

    radiance: Tensor
    over: Tensor


def with_far_lamps(averaged: Pixels, over: Tensor, *, panorama: bool) -> Pixels:
    """`averaged`, the photo as it is once an image editor has made it small, and what of the photo's over-exposure `over`
    (N, 3, h, w) is lost in it: lamps too small to clip there, with nothing beside them that does.

    How much of a sun clips depends on the photo's size. What the small photo shows of it does not, so the light that is told
    from it is the same at every size, but for lamps that only a large photo shows.
    """
    beside = pad(averaged.over.amax(1, keepdim=True), BESIDE, panorama=panorama)
    near = functional.max_pool2d(beside / CLIPS, 2 * BESIDE + 1, 1).clamp(max=1)
    return Pixels(averaged.radiance, torch.lerp(over, averaged.over, near))


def observed(photo: Pixels, averaged: Pixels, *, panorama: bool) -> Tensor:
    """What the energy of photos is estimated from, (N, SEEN): the statistics of the photo, as of `with_far_lamps`; those of
    `averaged`; and the log of the light that this shows as a whole, over what the photo shows of its clipped pixels.

    The gate and what is told of skies see `averaged` alone; the hidden light of a sky is measured by the light of the whole.
    """
    share = area(*photo.radiance.shape[-2:], panorama=panorama, like=photo.radiance)

    def total(light: Tensor) -> Tensor:
        return (light * share).sum((-2, -1)).clamp(min=1e-9)

    radiance, over = photo.radiance.float(), photo.over.float()
    whole = total(luminance(averaged.radiance.float())).log() - total(over.amax(1) * luminance(radiance)).log()
    small = statistics(averaged.radiance.float(), averaged.over.float(), panorama=panorama)
    return torch.cat([statistics(radiance, over, panorama=panorama), small, whole[:, None]], 1)


def sky_share(sky: Tensor, hidden: Tensor) -> Tensor:
    """(N, 1), from the gate's logit (N, 1), strict, see STRICT, and the log of hidden over shown light that the ensemble for
    skies says, (N, M): where its members differ on the whole light, it has not seen such a sky, whatever the gate takes it for.
    """
    whole = functional.softplus(hidden)
    agreed = (AGREED / whole.std(1, keepdim=True).clamp(min=1e-6)).clamp(max=1) ** 4
    return torch.sigmoid(2 * (sky - STRICT)) * agreed


class Members(nn.Module):
    """An ensemble of small networks, from statistics of unit scale: of rendered skies, the hidden light over what the photo
    shows as a whole.
    """

    def __init__(self) -> None:
        super().__init__()

        def weight(inputs: int, outputs: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(MEMBERS, inputs, outputs) * inputs**-0.5)

        self.first, self.second = weight(COUNT, WIDTH), weight(WIDTH, WIDTH)
        self.last = nn.Parameter(torch.zeros(MEMBERS, WIDTH, 2))
        self.first_bias, self.second_bias = (nn.Parameter(torch.zeros(MEMBERS, 1, WIDTH)) for _ in range(2))
        self.last_bias = nn.Parameter(torch.tensor([1.0, 0.0]).expand(MEMBERS, 1, 2).clone())

    def forward(self, x: Tensor) -> Tensor:
        """(N, COUNT) to the log of light and log_scale of each member, (2, N, M)."""
        x = x.expand(MEMBERS, -1, -1)
        if self.training:
            x = x + NOISE * torch.randn_like(x)
        x = self._dropped(functional.silu(torch.baddbmm(self.first_bias, self._dropped(x), self.first)))
        x = self._dropped(functional.silu(torch.baddbmm(self.second_bias, x, self.second)))
        return torch.baddbmm(self.last_bias, x, self.last).permute(2, 1, 0)

    def _dropped(self, x: Tensor) -> Tensor:
        return functional.dropout(x, DROPOUT, self.training)


class EnergyHead(nn.Module):
    """What `observed` returns, (N, SEEN), and the clipped pixels to `Energy`, always in float32. `fit_scale` has to be called
    once before training, and that of `photos`.

    Two ensembles: what a clear sky hides follows from physics, and is nothing to learn about rooms from. A gate mixes them. It
    and the ensemble for skies see the small photo alone, so that a sky's light is the same at every size of the photo.
    """

    def __init__(self) -> None:
        super().__init__()
        self.photos, self.skies = Emission(), Members()
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

    def scaled(self, statistics: Tensor) -> Tensor:
        """Statistics (N, COUNT) of unit scale, for the ensembles."""
        return ((statistics - self.mean) / self.scale).clamp(-4, 4)

    def forward(self, observed: Tensor, clipped: Clipped, *, panorama: bool = True) -> Energy:
        """From what `observed` and `emission.clipped` return. A flat picture is never taken for a rendered sky: those that were
        learnt were whole.
        """
        with torch.autocast(observed.device.type, enabled=False):
            averaged, whole = self.scaled(observed[:, COUNT:-1]), observed[:, -1:]
            sky = self.gate(averaged) if panorama else torch.full_like(averaged[:, :1], -1e3)
            hidden, log_scale = self.skies(averaged)
            share = sky_share(sky, hidden)
            skies = functional.softplus(hidden.clamp(max=LARGEST_HIDDEN) + whole)  # log(1 + hidden light over shown)
            photos = self.photos(observed[:, :COUNT], clipped)
            members = torch.lerp(photos.log_ratio, skies, share)
            log_scale = torch.lerp(photos.log_scale, log_scale, share).clamp(-4, 2)
            error = (log_scale.exp().mean(1) ** 2 + members.var(1) / 2).sqrt()
            middle = members.mean(1)
            hedge = HEDGE * (1 - share[:, 0]) * error  # what a clear sky hides is known well
            most = LARGEST_LOG_RATIO + share[:, 0] * whole[:, 0].clamp(min=0)
            ratio, restored = (torch.minimum(x.clamp(min=0), most) for x in (middle, middle - hedge))
            return Energy(ratio, self.interval * error, restored, members, log_scale, sky[:, 0], share[:, 0])
