"""The sRGB curve in torch (IEC 61966-2-1)."""

from __future__ import annotations

import torch
from torch import Tensor


def srgb_decode(code: Tensor) -> Tensor:
    """Code values in [0, 1] to linear [0, 1]."""
    return torch.where(code <= 0.04045, code / 12.92, ((code.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)


def srgb_encode(linear: Tensor) -> Tensor:
    """Linear [0, 1] to code values in [0, 1]."""
    return torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055)
