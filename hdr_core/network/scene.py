"""What light does in a scene: numbers of a photo as a whole that tell of light which clipped.

How bright the ground is for the light that is seen to fall on it; how far bright places stand out of dark ones, as sunlit
ground does out of shadows; how light changes with elevation and direction. They are taken as `statistics` takes its own.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from .constants import constant
from .statistics import area, luminance

COUNT = 41
_FLOOR = 0.004  # about one code value of linear light
_LEAST = 1e-4  # of light
_ALBEDOS = (0.08, 0.15, 0.3, 0.6)
_GRAZING = 0.15  # the least mean sine of elevation that light from clipped pixels is taken to have
_CLIPPED = 0.3  # of a pixel: from here on its brightness tells nothing
_HORIZON = 0.05
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_DARKEST = -3.0  # log radiance where there is none to tell
_BANDS = 8  # of equal height
_AROUND = ((-0.9, -0.2), (-0.2, 0.2), (0.2, 0.9))  # of height, in which light may come from one side


def scene(radiance: Tensor, over: Tensor, *, panorama: bool) -> Tensor:
    """(N, COUNT) from preliminary radiance (N, 3, h, w) in [0, 1] and over-exposure (N, 3, h, w), at working resolution."""
    radiance, over = functional.avg_pool2d(radiance, 2), functional.avg_pool2d(over, 2)
    h, w = radiance.shape[-2:]
    steradians = 4 * math.pi * area(h, w, panorama=panorama, like=radiance)
    up = 1 - 2 * (torch.arange(h, device=radiance.device) + 0.5) / h
    up = (torch.sin(up * math.pi / 2) if panorama else up)[:, None].expand(h, w)
    light, mask = luminance(radiance), over.amax(1)
    log_light = (light + _FLOOR).log()
    mean = (log_light * steradians).sum((-2, -1)) / (4 * math.pi)
    out = [*_ground(light, mask, up, steradians)]
    for part in (up < -_HORIZON, up > _HORIZON, torch.ones_like(up, dtype=torch.bool)):
        seen = torch.where((mask < _CLIPPED) & part, log_light, torch.nan).flatten(1)
        levels = torch.nanquantile(seen, constant(_QUANTILES, seen), dim=1).nan_to_num(_DARKEST)
        out += [*(levels - mean)]
    for band in range(_BANDS):
        low = 2 * band / _BANDS - 1
        where = steradians * ((up > low) & (up <= low + 2 / _BANDS)).float()
        out.append((log_light * where).sum((-2, -1)) / where.sum().clamp(min=_LEAST) - mean)
    return torch.stack([*out, *_sides(light, mask, up, steradians)], 1)


def _ground(light: Tensor, mask: Tensor, up: Tensor, steradians: Tensor) -> list[Tensor]:
    """For several albedos, how much light must be missing for the ground to be as bright as it is."""

    def total(x: Tensor) -> Tensor:
        return (x * steradians).sum((-2, -1))

    falls = total(light * up.clamp(min=0)) + _LEAST  # irradiance of level ground
    ground = total(light * (-up).clamp(min=0)) / math.pi + _LEAST  # its radiance
    shown = total(mask * light) + _LEAST
    height = (total(mask * light * up.clamp(min=0)) / shown).clamp(min=_GRAZING)
    out = [(math.pi * ground / falls).log(), (falls / shown).log(), height.log()]
    out += [((math.pi * ground / albedo - falls).clamp(min=0) / height + shown).log() - shown.log() for albedo in _ALBEDOS]
    unclipped = total(light * (1 - mask)) / total(1 - mask + _LEAST)
    return [*out, (4 * math.pi * unclipped / shown).clamp(min=1e-9).log(), (total(light) / shown).clamp(min=1e-9).log()]


def _sides(light: Tensor, mask: Tensor, up: Tensor, steradians: Tensor) -> list[Tensor]:
    """How far light comes from one side, and whether from that of the clipped pixels, in bands of height."""
    azimuth = 2 * math.pi * (torch.arange(up.shape[1], device=up.device) + 0.5) / up.shape[1]
    across = torch.stack([azimuth.cos(), azimuth.sin()])[:, None]  # (2, 1, w)

    def towards(x: Tensor) -> Tensor:
        return (x[:, None] * across * steradians).sum((-2, -1))  # (N, 2)

    clipped = towards(mask)
    out = []
    for low, high in _AROUND:
        lit = light * ((up > low) & (up <= high)).float()
        side = towards(lit)
        out.append((side.norm(dim=1) / (lit * steradians).sum((-2, -1)).clamp(min=1e-9) + 0.01).log())
        out.append((side * clipped).sum(1) / (side.norm(dim=1) * clipped.norm(dim=1) + 1e-6))
    return out
