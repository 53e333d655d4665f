"""How much light restored light adds, measured on the photo's own pixels.

At working resolution a sun of a few pixels is a part of one cell. What is shared out there is interpolated between the cells'
centres, and acts on the pixels that clip: how much that adds depends on where in the cell they lie.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from .curve import srgb_decode
from .padding import sample_grid
from .soft_mask import OVER, over_exposed
from .statistics import area, luminance
from .view import working_size

if TYPE_CHECKING:
    from .model import Guidance

FINER = 4  # times the working resolution, along each side
_LEAST = 1e-12


def glow_size(height: int, width: int) -> tuple[int, int]:
    """The size (h, w) of the glow of a photo (H, W): its own, or FINER times the working resolution."""
    return tuple(min(FINER * cells, side) for cells, side in zip(working_size(height, width), (height, width), strict=True))  # type: ignore[return-value]


def glow(code: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, 3, H, W) code values in [0, 1] to (N, 3, h, w): area averages of what a surplus multiplies, over-exposure times
    linear value.
    """
    if code.device.type == "cpu" and not bool((code > OVER).any()):
        return code.new_zeros(*code.shape[:2], *size)
    return functional.adaptive_avg_pool2d(over_exposed(code) * srgb_decode(code), size)


def settled(guidance: Guidance, glow: Tensor) -> Guidance:
    """`guidance` with its surplus scaled so that the pixels of the photo, of this `glow` (N, 3, h, w), get what is missing.

    In a photo smaller than the working resolution, which is smaller than any that was learnt from, a spatial kernel reaches so
    far that it would thin out every lamp: there each pixel keeps to itself.
    """
    size = (glow.shape[-2], glow.shape[-1])
    rows, columns = (torch.arange(side, device=glow.device) for side in size)
    surplus = sample_grid(guidance.low.surplus, rows, columns, size, panorama=guidance.panorama)
    added = (luminance(glow * surplus) * area(*size, panorama=guidance.panorama, like=glow)).sum((-2, -1))
    factor = torch.where(added > _LEAST, guidance.missing / added.clamp(min=_LEAST), 1.0)
    low = replace(guidance.low, surplus=factor.view(-1, 1, 1, 1) * guidance.low.surplus)
    if size[0] < low.surplus.shape[-2]:
        low = replace(low, own=torch.ones_like(low.own))
    return replace(guidance, low=low)
