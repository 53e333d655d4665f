"""Where the light of clipped pixels lies: a density over them, and its colour.

Few panoramas are known to learn from, and a convolutional network that places light by heart puts a sun where there is none. So
these are ensembles of small networks that see each clipped pixel through a few features: how much is clipped around it and how
its surroundings glow, over distances from one pixel to a third of the picture, where it stands, and how much light there is to
place. A softmax over the clipped pixels of the whole photo makes them compete. Rendered skies have an ensemble of their own, as
the energy head has one for them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .padding import double, is_tiling, pad
from .statistics import area, luminance

MEMBERS, WIDTH, DROPOUT = 4, 32, 0.1
HALVINGS, WIDER = 4, (1, 2)  # of the working resolution, and then wider means of the coarsest level, radii in its pixels
SCALES = 1 + HALVINGS + len(WIDER)
LARGEST_LOGIT = 7.0  # e^14 between the brightest and the darkest of the clipped pixels
LARGEST_TINT = 0.5  # natural log
COUNT = 3 * SCALES + 19
_FLOOR = 1e-3


def places(like: Tensor, *, panorama: bool) -> Tensor:
    """Where each pixel lies, (1, 3, h, w): sine and cosine of the elevation on a sphere and 1, or the height in a picture."""
    h, w = like.shape[-2:]
    up = 0.5 - (torch.arange(h, device=like.device, dtype=like.dtype) + 0.5) / h
    if not panorama and is_tiling():
        up = torch.zeros_like(up)
    rows = (
        [torch.sin(torch.pi * up), torch.cos(torch.pi * up), torch.ones_like(up)]
        if panorama
        else [up, torch.zeros_like(up), torch.zeros_like(up)]
    )
    return torch.stack(rows)[None, :, :, None].expand(1, 3, h, w)


def _around(x: Tensor, halvings: int, wider: tuple[int, ...], *, panorama: bool) -> list[Tensor]:
    """(N, C, h, w) averaged over growing surroundings of each pixel: maps of the same size, the first `x` itself."""
    levels, coarse = [x], x
    for _ in range(halvings):
        coarse = functional.avg_pool2d(coarse, 2)
        levels.append(coarse)
    for radius in (min(r, *coarse.shape[-2:]) for r in wider):
        levels.append(functional.avg_pool2d(pad(coarse, radius, panorama=panorama), 2 * radius + 1, 1))
    out = []
    for number, level in enumerate(levels):
        for _ in range(min(number, halvings)):
            level = double(level, panorama=panorama)  # noqa: PLW2901
        out.append(level)
    return out


def _below_largest(x: Tensor, clipped: Tensor) -> Tensor:
    """How far each value of (N, C, h, w) lies below the largest among clipped pixels (N, 1, h, w)."""
    return x - torch.where(clipped, x, -torch.inf).amax((-2, -1), keepdim=True).clamp(min=-20)


def features(
    radiance: Tensor,
    over: Tensor,
    log_ratio: Tensor | None,
    *,
    panorama: bool,
    halvings: int = HALVINGS,
    wider: tuple[int, ...] = WIDER,
) -> Tensor:
    """What a pixel shows of its light: (N, COUNT, h, w), of which only clipped pixels count.

    radiance (N, 3, h, w): preliminary; over (N, 3, h, w): over-exposure of the channels; log_ratio (N,): how much light it is,
    None where that is asked, for one feature less. halvings, wider: as HALVINGS and WIDER.
    """
    most = over.amax(1, keepdim=True)
    clipped = most > 0
    share = area(*radiance.shape[-2:], panorama=panorama, like=radiance)
    shares = share.expand(radiance.shape[-2:])[None, None]
    seen = radiance * (1 - most)
    around = _around(torch.cat([most, 1 - most, seen], 1), halvings, wider, panorama=panorama)
    mean = ((luminance(seen) * share).sum((-2, -1)) / ((1 - most) * shares).sum((1, 2, 3)).clamp(min=_FLOOR)).view(-1, 1, 1, 1)
    covered = [(m[:, :1] + _FLOOR).log() for m in around]
    floor = _FLOOR * mean
    glow = [
        ((luminance(m[:, 2:])[:, None] + floor) / (m[:, 1:2] + _FLOOR) / mean.clamp(min=1e-6)).clamp(min=1e-3).log()
        for m in around
    ]
    tint = [((m[:, 2::2] + floor) / (m[:, 3:4] + floor).clamp(min=1e-9)).clamp(1e-2, 1e2).log() for m in (around[2], around[4])]
    luminous = luminance(radiance) * share
    amounts = [
        *([] if log_ratio is None else [log_ratio]),
        ((most * shares).sum((1, 2, 3)) + 1e-4).log(),
        ((most[:, 0] * luminous).sum((-2, -1)) / ((1 - most[:, 0]) * luminous).sum((-2, -1)).clamp(min=1e-6) + 1e-4).log(),
    ]
    maps = [
        *covered,
        *glow,
        *(_below_largest(m, clipped) for m in covered),
        *tint,
        over,
        radiance.clamp(min=0.01).log(),
        places(radiance, panorama=panorama).expand(len(radiance), -1, -1, -1),
        *(a.view(-1, 1, 1, 1).expand_as(most) for a in amounts),
        *(_below_largest(m, clipped) for m in glow[2:5]),
    ]
    return torch.cat(maps, 1)


class Places(nn.Module):
    """An ensemble of small networks, pixel by pixel, from features of unit scale."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(COUNT, MEMBERS * WIDTH, 1)
        self.second = nn.Conv2d(MEMBERS * WIDTH, MEMBERS * WIDTH, 1, groups=MEMBERS)
        self.last = nn.Conv2d(MEMBERS * WIDTH, MEMBERS * 4, 1, groups=MEMBERS)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """(N, COUNT, h, w) to (N, 4, h, w): log density, of any offset, and log tint of the channels, of luminance 0."""
        x = functional.dropout(functional.silu(self.first(x)), DROPOUT, self.training)
        x = functional.dropout(functional.silu(self.second(x)), DROPOUT, self.training)
        out = self.last(x).unflatten(1, (MEMBERS, 4)).mean(1)
        tint = LARGEST_TINT * torch.tanh(out[:, 1:])
        return torch.cat([LARGEST_LOGIT * torch.tanh(out[:, :1] / LARGEST_LOGIT), tint - luminance(tint)[:, None]], 1)


class PlaceHead(nn.Module):
    """`features` to a density of light, always in float32. `fit_scale` has to be called once before training."""

    def __init__(self) -> None:
        super().__init__()
        self.photos, self.skies = Places(), Places()
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(COUNT))
        self.register_buffer("scale", torch.ones(COUNT))

    @torch.no_grad()
    def fit_scale(self, seen: Tensor) -> None:
        """Take mean and scale of the features from those of many clipped pixels, (P, COUNT)."""
        self.mean.copy_(seen.mean(0))
        self.scale.copy_(seen.std(0).clamp(min=0.02))

    def scaled(self, seen: Tensor) -> Tensor:
        """Features (N, COUNT, h, w) of unit scale, for the ensembles."""
        return ((seen - self.mean.view(-1, 1, 1)) / self.scale.view(-1, 1, 1)).clamp(-4, 4)

    def forward(self, radiance: Tensor, over: Tensor, log_ratio: Tensor, sky: Tensor, *, panorama: bool) -> Tensor:
        """As `features`; sky (N,): how far the photo is taken for a rendered sky, in [0, 1]. Returns the density of light,
        (N, 3, h, w), of any scale, of which only clipped pixels count.
        """
        with torch.autocast(radiance.device.type, enabled=False):
            seen = features(radiance.float(), over.float(), log_ratio.float(), panorama=panorama)
            share = sky.float().view(-1, 1, 1, 1)
            if seen.device.type == "cpu" and len(seen) == 1 and not self.training:
                said = self._of_clipped(seen, over.amax((0, 1)) > 0, share)
            else:
                said = self._said(seen, share)
            return torch.exp(said[:, :1] + said[:, 1:])

    def _said(self, seen: Tensor, share: Tensor) -> Tensor:
        x = self.scaled(seen)
        return torch.lerp(self.photos(x), self.skies(x), share)

    def _of_clipped(self, seen: Tensor, clipped: Tensor, share: Tensor) -> Tensor:
        """The same, computed where it counts alone: of one photo, clipped (h, w), elsewhere 0. A processor is several times as
        fast by it; a GPU would have to wait until it is known how many these are.
        """
        said = torch.zeros_like(seen[:, :4])
        if clipped.any():
            said[:, :, clipped] = self._said(seen[:, :, clipped][..., None], share)[..., 0]
        return said
