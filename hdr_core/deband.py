"""Debanding: a slow gradient that eight bits turned into steps becomes a gradient again.

Each pixel takes the mean of its surroundings, as far around as they stay within one code value of it and step one way only. So
edges, texture, grain and dither stay as they are. No pixel moves by more than half a code value: that much, rounding took.

Every sum is exact in float32 (8 bits of code value and 16 of weights), so each device and each tiling gives the same bits.
Masks are numbers that are 0 or 1, because torch is several times slower on processors with truth values.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from . import deband_cuda
from .kernel_apply import has_kernels

WHITE = 255
_REACH = 64  # pixels around, a power of two: the steps of a clear sky are about as wide in a photo of 8192 x 4096
_GRAIN = 4  # pixels around, a power of two: what rises and falls within them is no gradient
_FAR = 2 * WHITE  # from every code value


def halo(height: int) -> int:
    """How many pixels around a tile `deband` reads, in a photo of `height` rows: at least 5, else no more than those."""
    reach = _REACH
    while reach > 1 and reach + _GRAIN > height:
        reach //= 2
    return reach + _GRAIN


def deband(codes: Tensor, margin: int) -> Tensor:
    """Integer code values (C, h + 2 margin, w + 2 margin), uint8, to (C, h, w) float32, each at most 0.5 away.

    margin: what `halo` said. WHITE stays WHITE: it was clipped, not rounded.
    """
    if codes.is_cuda and has_kernels(codes.device):
        return deband_cuda.deband(codes, _GRAIN, _powers(margin - _GRAIN))
    return torch.stack([_debanded(channel, margin) for channel in codes])  # one at a time fits the processor's cache


def _debanded(codes: Tensor, margin: int) -> Tensor:
    here = _inner(codes, margin).short()
    out = here.float()
    mean = _inner(codes, _GRAIN).float()
    texture = _FAR * _texture(codes).short()
    high, low = (_inner(codes, _GRAIN).short() + way * texture for way in (1, -1))
    for radius in _powers(margin - _GRAIN):
        rest = margin - _GRAIN - radius
        high, low = _grown(high, radius, torch.maximum), _grown(low, radius, torch.minimum)
        away = torch.maximum(_inner(high, rest) - here, here - _inner(low, rest))
        slow = (2 - away).clamp_(0, 1).float()  # 1 where nothing around is more than one code value away
        if not slow.max():
            break
        mean = _grown(mean, radius, _half_way)
        out += slow * (_inner(mean, rest) - out)
    exact = here.float()
    out = torch.minimum(torch.maximum(out, exact - 0.5), exact + 0.5)
    return torch.where(here == WHITE, exact, out)


def _texture(codes: Tensor) -> Tensor:
    """1 where row or column rises and falls within _GRAIN pixels around, else 0: (h - 2 _GRAIN, w - 2 _GRAIN) uint8."""
    found = []
    for axis in (0, 1):
        before, after = _ends(codes, axis, 1)
        steps = (after > before).byte() | (after < before).byte() << 1  # a bit for up, a bit for down
        steps = torch.bitwise_or(*_ends(steps, axis, 1))
        for radius in _powers(_GRAIN)[1:]:
            steps = torch.bitwise_or(*_ends(steps, axis, radius))
        across = 1 - axis
        found.append((steps & steps >> 1).narrow(across, _GRAIN, codes.shape[across] - 2 * _GRAIN))
    return found[0] | found[1]


def _powers(largest: int) -> list[int]:
    """1, 2, 4 ... `largest`."""
    return [2**n for n in range(largest.bit_length())]


def _grown(x: Tensor, radius: int, combine: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """What is known of each pixel's surroundings up to radius / 2, combined to that up to `radius`. The edge goes."""
    for axis in (0, 1):
        x = combine(*_ends(x, axis, radius))
        if radius == 1:
            x = combine(*_ends(x, axis, radius))
    return x


def _half_way(one: Tensor, other: Tensor) -> Tensor:
    return (one + other).mul_(0.5)


def _ends(x: Tensor, axis: int, distance: int) -> tuple[Tensor, Tensor]:
    """Every two values that lie `distance` apart."""
    rest = x.shape[axis] - distance
    return x.narrow(axis, 0, rest), x.narrow(axis, distance, rest)


def _inner(x: Tensor, margin: int) -> Tensor:
    return x[margin : x.shape[0] - margin, margin : x.shape[1] - margin]
