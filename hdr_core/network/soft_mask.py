"""The soft mask: how over- and under-exposed each pixel is, continuous in [0, 1]. It gates the backbone and the kernels."""

from __future__ import annotations

import torch
from torch import Tensor

# Code values as shares of white. Between UNDER and OVER a pixel is well exposed: both masks are exactly 0.
UNDER = 20 / 255
OVER = 235 / 255


def over_exposed(code: Tensor) -> Tensor:
    """(N, C, H, W) code values in [0, 1] to the over-exposure of each channel, same shape: 0 up to OVER, 1 at white."""
    ramp = ((code - OVER) / (1 - OVER)).clamp(0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def under_exposed(code: Tensor) -> Tensor:
    """(N, 3, H, W) code values in [0, 1] to the pixel's under-exposure, (N, 1, H, W): 0 from UNDER on, 1 at black."""
    ramp = (1 - code.amax(1, keepdim=True) / UNDER).clamp(0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def soft_mask(code: Tensor) -> Tensor:
    """(N, 3, H, W) code values in [0, 1] to (N, 4, H, W): over-exposure of R, G and B, then under-exposure."""
    return torch.cat([over_exposed(code), under_exposed(code)], 1)
