"""Where the light of clipped pixels lies: a density over them, and its colour.

Few panoramas are known to learn from, and a convolutional network that places light by heart puts a sun where there is none. So
this is an ensemble of small networks that see each clipped pixel through a few features: how much is clipped around it and how
its surroundings glow, over distances from one pixel to a third of the picture, where it stands, and how much light there is to
place. A softmax over the clipped pixels of the whole photo makes them compete.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .padding import double, pad
from .statistics import area, luminance

MEMBERS, WIDTH, DROPOUT = 4, 32, 0.1
HALVINGS = 4  # of the working resolution; two wider means of the coarsest level follow
SCALES = HALVINGS + 3
LARGEST_LOGIT = 7.0  # e^14 between the brightest and the darkest of the clipped pixels
LARGEST_TINT = 0.5  # natural log
LARGEST_DETAIL = 16.0  # natural log
MOST_COLOUR = 4.0  # of a channel over luminance
BRIGHTEST = 0.6  # share of the gathered light
COUNT = 3 * SCALES + 19
_FLOOR = 1e-3
APART = 16  # pixels: from one cell that shares out light to the next
NEAR, FAR = 32, 128  # pixels: from a cell's centre to its edge; 32 are 22 degrees of a panorama


def places(like: Tensor, *, panorama: bool) -> Tensor:
    """Where each pixel lies, (1, 3, h, w): sine and cosine of the elevation on a sphere and 1, or the height in a picture."""
    h, w = like.shape[-2:]
    up = 0.5 - (torch.arange(h, device=like.device, dtype=like.dtype) + 0.5) / h
    rows = (
        [torch.sin(torch.pi * up), torch.cos(torch.pi * up), torch.ones_like(up)]
        if panorama
        else [up, torch.zeros_like(up), torch.zeros_like(up)]
    )
    return torch.stack(rows)[None, :, :, None].expand(1, 3, h, w)


def _around(x: Tensor, *, panorama: bool) -> list[Tensor]:
    """(N, C, h, w) averaged over growing surroundings of each pixel: SCALES maps of the same size, the first `x` itself."""
    levels, coarse = [x], x
    for _ in range(HALVINGS):
        coarse = functional.avg_pool2d(coarse, 2)
        levels.append(coarse)
    for radius in (1, min(2, *coarse.shape[-2:])):
        levels.append(functional.avg_pool2d(pad(coarse, radius, panorama=panorama), 2 * radius + 1, 1))
    out = []
    for number, level in enumerate(levels):
        for _ in range(min(number, HALVINGS)):
            level = double(level, panorama=panorama)  # noqa: PLW2901
        out.append(level)
    return out


def _below_largest(x: Tensor, clipped: Tensor) -> Tensor:
    """How far each value of (N, C, h, w) lies below the largest among clipped pixels (N, 1, h, w)."""
    return x - torch.where(clipped, x, -torch.inf).amax((-2, -1), keepdim=True).clamp(min=-20)


def features(radiance: Tensor, over: Tensor, log_ratio: Tensor, *, panorama: bool) -> Tensor:
    """What a pixel shows of its light: (N, COUNT, h, w), of which only clipped pixels count.

    radiance (N, 3, h, w): preliminary; over (N, 3, h, w): over-exposure of the channels; log_ratio (N,): how much light it is.
    """
    most = over.amax(1, keepdim=True)
    clipped = most > 0
    share = area(*radiance.shape[-2:], panorama=panorama, like=radiance)
    shares = share.expand(radiance.shape[-2:])[None, None]
    seen = radiance * (1 - most)
    around = _around(torch.cat([most, 1 - most, seen], 1), panorama=panorama)
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
        log_ratio,
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


def gathered(density: Tensor, detail: Tensor, over: Tensor, *, panorama: bool) -> Tensor:
    """`density` (N, 3, h, w), its light moved within about 40 pixels to where the log density `detail` (N, 1, h, w) says.

    The density is a mean over what could be there, so it is spread wider than any light is. How far light moves here matters
    little for what it lights, and much for how many pixels come out brighter than they were. Cells that overlap share the
    light; each hands out what it holds. So light turns exactly with a panorama by multiples of the cells' distance alone.
    """
    h, w = detail.shape[-2:]
    density, detail, over = _padded(NEAR, density, detail, over)
    most = over.amax(1, keepdim=True)
    nearby = functional.max_pool2d(torch.where(most > 0, detail, -torch.inf), APART)
    radius = NEAR // APART
    nearby = functional.max_pool2d(pad(nearby, radius, panorama=panorama), 2 * radius + 1, 1).clamp(min=-1e4)
    fine = torch.exp((detail - _enlarged(nearby, NEAR, panorama=panorama)).clamp(-LARGEST_DETAIL, 0))
    return (fine * _handed_out(density * over, fine * over, NEAR, panorama=panorama))[..., :h, :w]


def concentrated(density: Tensor, light: Tensor, *, panorama: bool) -> Tensor:
    """`density` (N, 3, h, w) in the brightest pixels alone, which hold BRIGHTEST of `light` (N, 3, h, w), what density times
    radiance times solid angle is there; they get the light of the others around, as far as 90 degrees of a panorama.

    What is left over lies thinly in many pixels, each of them too bright; without it a picture looks better and lights as well.
    The threshold is found by bisection: a GPU's sums are the same every time, its running sums are not.
    """
    h, w = light.shape[-2:]
    (light,) = _padded(FAR, light.detach())
    bright = luminance(light)[:, None]
    wanted = BRIGHTEST * bright.sum((-2, -1), keepdim=True)
    low, high = torch.zeros_like(wanted), bright.amax((-2, -1), keepdim=True)
    for _ in range(30):
        middle = (low + high) / 2
        enough = (bright * (bright >= middle)).sum((-2, -1), keepdim=True) >= wanted
        low, high = torch.where(enough, middle, low), torch.where(enough, high, middle)
    kept = (bright >= low).to(light)
    return density * (kept * _handed_out(light, light * kept, FAR, panorama=panorama))[..., :h, :w]


def _handed_out(light: Tensor, shares: Tensor, reach: int, *, panorama: bool) -> Tensor:
    """By what the `shares` (N, 3, h, w) of pixels have to be multiplied so that each cell hands out the `light` (N, 3, h, w) it
    holds, each channel by itself: so light keeps its colour where it goes to pixels that clip in one channel only.
    """
    held, wanted = _collected(torch.cat([light, shares], 1), reach, panorama=panorama).chunk(2, 1)
    whole = luminance(held)[:, None] / luminance(wanted)[:, None].clamp(min=1e-20)
    ratio = torch.minimum(held / wanted.clamp(min=1e-20), MOST_COLOUR * whole)
    return _enlarged(ratio, reach, panorama=panorama)


def _padded(reach: int, *maps: Tensor) -> list[Tensor]:
    """Maps (N, C, h, w) with zeros below and to the right, so that both sides are multiples of `reach`."""
    return [functional.pad(x, (0, -x.shape[-1] % reach, 0, -x.shape[-2] % reach)) for x in maps]


def _tent(reach: int, like: Tensor) -> Tensor:
    """What a cell has of the pixels around its centre along one axis, (2 * reach,); the shares of a pixel add up to 1."""
    away = (torch.arange(2 * reach, device=like.device, dtype=like.dtype) + 0.5 - reach).abs()
    return (1 - away / reach) * APART / reach


def _beyond(x: Tensor, radius: int, *, panorama: bool) -> Tensor:
    """`pad`, but a flat picture is mirrored: what a cell beyond the edge takes from a pixel, its mirror image takes too, and
    no light is lost.
    """
    if panorama:
        return pad(x, radius, panorama=True)
    x = torch.cat([x[..., :radius, :].flip(-2), x, x[..., -radius:, :].flip(-2)], -2)
    return torch.cat([x[..., :radius].flip(-1), x, x[..., -radius:].flip(-1)], -1)


def _enlarged(cells: Tensor, reach: int, *, panorama: bool) -> Tensor:
    """From cells (N, C, h / 16, w / 16) to pixels: of each the mean over the cells that have a share of it."""
    n, c, h, w = cells.shape
    radius, tent = reach // APART, _tent(reach, cells)
    x = _beyond(cells, radius, panorama=panorama).view(n * c, 1, h + 2 * radius, w + 2 * radius)
    x = functional.conv_transpose2d(x, tent.view(1, 1, -1, 1), stride=(APART, 1))
    x = functional.conv_transpose2d(x, tent.view(1, 1, 1, -1), stride=(1, APART))
    edge = 2 * reach - APART // 2
    return x[..., edge:-edge, edge:-edge].view(n, c, h * APART, w * APART)


def _collected(x: Tensor, reach: int, *, panorama: bool) -> Tensor:
    """The adjoint of `_enlarged`: each pixel of (N, C, h, w) goes to the cells that have a share of it, in these shares."""
    n, c, h, w = x.shape
    margin, tent = reach - APART // 2, _tent(reach, x)  # margin: how far the outermost cells reach beyond the picture
    x = _beyond(x, margin, panorama=panorama).view(n * c, 1, h + 2 * margin, w + 2 * margin)
    x = functional.conv2d(x, tent.view(1, 1, -1, 1), stride=(APART, 1))
    return functional.conv2d(x, tent.view(1, 1, 1, -1), stride=(1, APART)).view(n, c, h // APART, w // APART)


class PlaceHead(nn.Module):
    """`features` to a log density and a tint, always in float32. `fit_scale` has to be called once before training."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(COUNT, MEMBERS * WIDTH, 1)
        self.second = nn.Conv2d(MEMBERS * WIDTH, MEMBERS * WIDTH, 1, groups=MEMBERS)
        self.last = nn.Conv2d(MEMBERS * WIDTH, MEMBERS * 4, 1, groups=MEMBERS)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(COUNT))
        self.register_buffer("scale", torch.ones(COUNT))

    @torch.no_grad()
    def fit_scale(self, seen: Tensor) -> None:
        """Take mean and scale of the features from those of many clipped pixels, (P, COUNT)."""
        self.mean.copy_(seen.mean(0))
        self.scale.copy_(seen.std(0).clamp(min=0.02))

    def forward(self, radiance: Tensor, over: Tensor, log_ratio: Tensor, *, panorama: bool) -> Tensor:
        """As `features`. Returns the density of light, (N, 3, h, w), of any scale, of which only clipped pixels count."""
        with torch.autocast(radiance.device.type, enabled=False):
            log_density, tint = self.estimate(features(radiance.float(), over.float(), log_ratio.float(), panorama=panorama))
            return torch.exp(log_density + tint)

    def estimate(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """From features, (N, COUNT, h, w): log density (N, 1, h, w), of any offset; log tint (N, 3, h, w), of luminance 0."""
        x = ((seen - self.mean.view(-1, 1, 1)) / self.scale.view(-1, 1, 1)).clamp(-4, 4)
        x = functional.dropout(functional.silu(self.first(x)), DROPOUT, self.training)
        x = functional.dropout(functional.silu(self.second(x)), DROPOUT, self.training)
        out = self.last(x).unflatten(1, (MEMBERS, 4)).mean(1)
        tint = LARGEST_TINT * torch.tanh(out[:, 1:])
        return LARGEST_LOGIT * torch.tanh(out[:, :1] / LARGEST_LOGIT), tint - luminance(tint)[:, None]
