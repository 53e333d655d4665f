"""The rest of the sphere: what a photo does not show is filled in, softly.

It is the mean of what a network expects there and of the photo's own light, spread out: the network tells of suns and lamps out
of view, and errs farther where it errs. Near the photo its border goes on. All in the logarithm of light, so that a lamp at the
border does not shine across the sky.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .network.padding import double, pad
from .sphere_light import expected_light
from .sphere_patch import row_areas
from .sphere_spread import spread_light

WIDEST_FILL = 4096  # the fill is soft: a wider map's is made this wide, and enlarged
_SOFT = 256  # rows up to which the expected light is enlarged as a smooth curve: a mirror shows no cells of it
_NEAR = 0.5  # radians: how far the photo's border goes on
_BORDER = 4  # pixels: how much of the photo's border goes on into the fill
_TRUST = 0.5  # in the network; this and the next two were chosen on panoramas that it did not learn from
_BRIGHTER = 0.4  # log: the mean of two guesses at where the light lies is darker than either
_WIDE = (0.2, 0.4)  # of the sphere: what the network's training showed at most, and where it is not asked any more
_GREY = 0.18
_DARK = 1e-4


def complete(pixels: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Fill in what the photo leaves out.

    pixels: (H, 2H, 3) float32 linear light; covered: (H, 2H) in [0, 1], how much of each pixel the photo shows. H is even.
    Returns (H, 2H, 3) float32, whose pixels are the photo's own where it covers them. Raises WeightsError.
    """
    factor = math.ceil(pixels.shape[1] / WIDEST_FILL)
    if pixels.shape[0] % factor:
        factor = 1
    known, weight = torch.from_numpy(covered)[None, None], torch.from_numpy(pixels).permute(2, 0, 1)[None]
    with torch.inference_mode():
        small, share = _pooled(weight, known, factor)
        turn = _middle(share)
        small, share = small.roll(-turn, -1), share.roll(-turn, -1)
        solid = share * torch.from_numpy(row_areas(*share.shape[-2:])).float()[:, None]
        unit, ask = _unit(small, solid), _asked(float(solid.sum()) / (4 * math.pi))
        small = small / unit
        spread, distance = spread_light(small, share)
        told = (expected_light(small, share).log(), spread.log(), (-(distance / _NEAR).square()).exp())
        expected, spread, near = (_soft(coarse, share.shape[-2:]) for coarse in told)
        smooth = torch.lerp(spread, expected, _TRUST * ask) + _BRIGHTER * ask
        border = share * (1 - _eroded((share > 0.99).float(), _BORDER)) * (share > 0.99)
        difference = _push_pull((small.clamp(min=_DARK).log() - smooth) * border, border)
        fill = ((smooth + near * difference).exp() * unit).roll(turn, -1)
        filled = _enlarged(fill, known.shape[-2:])[0].permute(1, 2, 0).numpy()
    return filled * (1 - covered[..., None]) + pixels * covered[..., None]


def _pooled(light: Tensor, known: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """Light and share known, `factor` times smaller."""
    share = functional.avg_pool2d(known, factor)
    return functional.avg_pool2d(light * known, factor) / share.clamp(min=1e-6), share


def _middle(share: Tensor) -> int:
    """By how many columns the photo lies to the right of the map's middle: where it lies must not change its light."""
    width = share.shape[-1]
    columns = share.double().sum((0, 1, 2))
    angle = (torch.arange(width, dtype=torch.float64) + 0.5) * (2 * math.pi / width)
    middle = torch.atan2((columns * angle.sin()).sum(), (columns * angle.cos()).sum()) * (width / (2 * math.pi))
    return round(float(middle) - width / 2 + 0.25)  # between pixels or in one's middle, as most are, no rounding error decides


def _asked(covered: float) -> float:
    """From 1 to 0, of the share of the sphere that is covered: how far the network is asked."""
    least, most = _WIDE
    return min(1.0, max(0.0, (most - covered) / (most - least)))


def _unit(light: Tensor, weight: Tensor) -> float:
    """What to divide the light by, so that it is as bright as the network knows photos; weight: steradians that are known."""
    total = weight.sum()
    floor = _DARK * float((light * weight).sum() / (3 * total))
    if floor <= torch.finfo(torch.float32).tiny:
        return 1.0  # a black photo
    return math.exp(float((light.clamp(min=floor).log() * weight).sum() / (3 * total))) / _GREY


def _soft(coarse: Tensor, size: torch.Size) -> Tensor:
    """`coarse` as large as `size`, without the creases that a bilinear enlargement shows in mirrors."""
    while 2 * coarse.shape[-2] <= min(_SOFT, size[0]):
        coarse = double(coarse, panorama=True)
    return _enlarged(coarse, size)


def _eroded(mask: Tensor, radius: int) -> Tensor:
    grown = pad(1 - mask, radius, panorama=True)
    return 1 - functional.max_pool2d(grown, 2 * radius + 1, 1)


def _push_pull(values: Tensor, weight: Tensor) -> Tensor:
    """`values`, (1, C, h, 2h), already multiplied by `weight`, (1, 1, h, 2h): spread over all, the coarser the farther."""
    height = weight.shape[-2]
    if height % 2 or height <= 4:
        return (values.sum((-2, -1), keepdim=True) / weight.sum().clamp(min=1e-6)).expand_as(values)
    low = _push_pull(functional.avg_pool2d(values, 2) * 4, functional.avg_pool2d(weight, 2) * 4)
    known = weight.clamp(max=1)
    return _enlarged(low, weight.shape[-2:]) * (1 - known) + values / weight.clamp(min=1e-6) * known


def _enlarged(low: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    """Bilinearly, with no seam at the wrap or a pole."""
    factor = size[0] // low.shape[-2]
    if factor <= 1 and tuple(low.shape[-2:]) == tuple(size):
        return low
    if factor * low.shape[-2] == size[0]:
        up = functional.interpolate(pad(low, 1, panorama=True), scale_factor=factor, mode="bilinear", align_corners=False)
        return up[..., factor:-factor, factor:-factor]
    wide = pad(low, 2, panorama=True)
    scale = size[0] / low.shape[-2]
    ends = zip(size, low.shape[-2:], strict=True)
    y, x = (((torch.arange(length) + 0.5) / scale + 2) / (side + 4) * 2 - 1 for length, side in ends)
    grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)[None]
    return functional.grid_sample(wide, grid, mode="bilinear", padding_mode="border", align_corners=False)
