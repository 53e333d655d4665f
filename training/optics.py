"""What a lens does to radiance before the sensor: blur, and a glare that bright lights spread over the picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from hdr_core.network.padding import pad

LARGEST_BLUR = 1.0  # sigma, pixels
GLARE = (0.002, 0.02)  # share of the light that strays
_COARSE = 8
_REACH = (2, 10)  # sigmas of the glare's two parts, in pixels of 1/8 of the resolution


def _blurred(x: Tensor, sigma: Tensor, radius: int, *, panorama: bool) -> Tensor:
    """(N, 3, H, W) with a Gaussian of `sigma` (N,) pixels, cut at `radius`."""
    n, c, h, w = x.shape
    offsets = torch.arange(-radius, radius + 1, device=x.device)
    taps = torch.exp(-0.5 * (offsets / sigma.clamp(min=0.05)[:, None]) ** 2)
    taps = (taps / taps.sum(1, keepdim=True)).repeat_interleave(c, 0)
    rows = pad(x, radius, panorama=panorama).reshape(1, n * c, h + 2 * radius, w + 2 * radius)
    rows = functional.conv2d(rows, taps[:, None, :, None], groups=n * c)
    return functional.conv2d(rows, taps[:, None, None, :], groups=n * c).view(n, c, h, w)


def blurred(radiance: Tensor, *, panorama: bool) -> Tensor:
    """Radiance (N, 3, H, W) out of focus by up to LARGEST_BLUR."""
    return _blurred(radiance, LARGEST_BLUR * torch.rand(len(radiance), device=radiance.device), 3, panorama=panorama)


def with_glare(radiance: Tensor, *, panorama: bool) -> Tensor:
    """Radiance (N, 3, H, W) of which a share strays; H and W multiples of 8."""
    n, device = len(radiance), radiance.device
    coarse = functional.avg_pool2d(radiance, _COARSE)
    stray = torch.zeros_like(coarse)
    for sigma in _REACH:
        radius = min(2 * sigma, *coarse.shape[-2:])
        stray = stray + _blurred(coarse, torch.full((n,), float(sigma), device=device), radius, panorama=panorama) / len(_REACH)
    stray = functional.interpolate(stray, scale_factor=_COARSE, mode="bilinear", align_corners=False)
    low, high = GLARE
    share = low * (high / low) ** torch.rand(n, 1, 1, 1, device=device)
    return radiance * (1 - share) + stray * share
