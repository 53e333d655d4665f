"""The rest of the sphere: what a photo does not show is filled in, softly.

It is a mean of what a network expects there and of the photo's own light, spread out: the network tells of suns and lamps out
of view, and errs farther where it errs. Near the photo its own light goes on alone, and around it the detail of its picture.
All in the logarithm of light, so that a lamp at the border does not shine across the sky.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .detail import detailed
from .edge import find_edge, go_on
from .expected import expected_light
from .grid import areas_like, enlarged, soft
from .spread import spread_light

_WIDEST_FILL = 4096  # the fill is soft: a wider map's is made this wide, and enlarged
_NEAR = 1.0  # radians: how far the photo's own light goes on alone
_COVERED, _TRUST = (0.2, 0.4), (0.75, 0.0)
"""Share of the sphere that the photo shows, and the network's share of the mean. Chosen on panoramas that the network did not
learn from, up to 0.28; where 0.4 and more is shown, the photo's own light tells more than the network does."""
_BRIGHTER = 0.4  # log, times the network's share: the mean of two guesses at where the light lies is darker than either
_GREY = 0.18
_ROWS = 256  # at a time
_DARK = 1e-4


def complete(pixels: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Fill in what the photo leaves out.

    pixels: (H, 2H, 3) float32 linear light; covered: (H, 2H) in [0, 1], how much of each pixel the photo shows. H is even.
    Returns (H, 2H, 3) float32, whose pixels are the photo's own where it covers them. Raises WeightsError.
    """
    return completed(torch.from_numpy(pixels), torch.from_numpy(covered)).numpy()


@torch.inference_mode()
def completed(pixels: Tensor, covered: Tensor) -> Tensor:
    """As `complete`, on the device of what is given."""
    factor = math.ceil(pixels.shape[1] / _WIDEST_FILL)
    if pixels.shape[0] % factor:
        factor = 1
    small, share = _pooled(pixels, covered, factor)
    turn = _middle(share)
    small, share = small.roll(-turn, -1), share.roll(-turn, -1)
    solid = share * areas_like(share)
    unit, trust = _unit(small, solid), _trust(float(solid.sum()) / (4 * math.pi))
    small = small / unit
    spread, distance = spread_light(small, share)
    told = (expected_light(small, share).log(), spread.log(), (-(distance / _NEAR).square()).exp())
    expected, spread, near = (soft(coarse, spread.shape[-2]) for coarse in told)
    smooth = spread + (1 - near) * trust * (expected - spread + _BRIGHTER)
    edge = find_edge(share)
    log = detailed(go_on(small.clamp(min=_DARK).log(), share, smooth, edge), share, edge)
    filled = enlarged((log.exp() * unit).roll(turn, -1), covered.shape)[0].movedim(0, -1)
    return _over(pixels, covered, filled)


def _pooled(pixels: Tensor, covered: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """Light, (1, 3, h, 2h), and share known, `factor` times smaller."""
    share = functional.avg_pool2d(covered[None, None], factor)
    light = share.new_zeros(1, 3, *share.shape[-2:])
    seen = covered.amax(1).nonzero()[:, 0]
    if len(seen):
        top, bottom = int(seen[0]) // factor, int(seen[-1]) // factor + 1
        rows = slice(top * factor, bottom * factor)
        known = (pixels[rows] * covered[rows, :, None]).movedim(-1, 0)[None]
        light[:, :, top:bottom] = functional.avg_pool2d(known, factor)
    return light / share.clamp(min=1e-6), share


def _over(pixels: Tensor, covered: Tensor, filled: Tensor) -> Tensor:
    """The photo's own pixels over what was filled in, all (H, 2H, 3)."""
    whole = torch.empty_like(pixels)
    for top in range(0, len(whole), _ROWS):
        rows = slice(top, top + _ROWS)
        if covered[rows].any():
            torch.lerp(filled[rows], pixels[rows], covered[rows, :, None].expand_as(whole[rows]), out=whole[rows])
        else:
            whole[rows] = filled[rows]
    return whole


def _middle(share: Tensor) -> int:
    """By how many columns the photo lies to the right of the map's middle: where it lies must not change its light."""
    width = share.shape[-1]
    columns = share.double().sum((0, 1, 2)).cpu()
    angle = (torch.arange(width, dtype=torch.float64) + 0.5) * (2 * math.pi / width)
    middle = torch.atan2((columns * angle.sin()).sum(), (columns * angle.cos()).sum()) * (width / (2 * math.pi))
    return round(float(middle) - width / 2 + 0.25)  # between pixels or in one's middle, as most are, no rounding error decides


def _trust(covered: float) -> float:
    """The network's share, of the share of the sphere that is covered."""
    return float(np.interp(covered, _COVERED, _TRUST))


def _unit(light: Tensor, weight: Tensor) -> float:
    """What to divide the light by, so that it is as bright as the network knows photos; weight: steradians that are known."""
    total = weight.sum()
    floor = _DARK * float((light * weight).sum() / (3 * total))
    if floor <= torch.finfo(torch.float32).tiny:
        return 1.0  # a black photo
    return math.exp(float((light.clamp(min=floor).log() * weight).sum() / (3 * total))) / _GREY
