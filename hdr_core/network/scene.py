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
    up = torch.sin(up * math.pi / 2) if panorama else up
    light, mask = luminance(radiance), over.amax(1)
    log_light = (light + _FLOOR).log()

    # height is all that parts the rows, so that most of it is told by the sums of rows, (N, h)
    rows, clipped, masked, logs = ((x * steradians).sum(-1) for x in (light, mask * light, mask, log_light))
    row = steradians[:, 0] * w
    mean = (logs.sum(1) / row.sum())[:, None]
    bands = torch.arange(_BANDS, device=up.device)[:, None] == ((up + 1) * _BANDS / 2).ceil() - 1  # (_BANDS, h)
    heights = logs @ bands.float().T / (bands * row).sum(1).clamp(min=_LEAST)
    unclipped = torch.where(mask < _CLIPPED, log_light, torch.nan)
    everywhere = torch.ones_like(up, dtype=torch.bool)
    parts = torch.stack([up < -_HORIZON, up > _HORIZON, everywhere])[:, None, :, None]
    seen = torch.where(parts, unclipped, torch.nan).flatten(2)
    levels = torch.nanquantile(seen, constant(_QUANTILES, seen), dim=2).nan_to_num(_DARKEST)  # (quantiles, parts, N)
    levels = levels.permute(2, 1, 0).flatten(1)
    ground, sides = _ground(rows, clipped, masked, up, row), _sides(light, mask, up, steradians)
    return torch.cat([ground, levels - mean, heights - mean, sides], 1)


def _ground(light: Tensor, clipped: Tensor, mask: Tensor, up: Tensor, row: Tensor) -> Tensor:
    """For several albedos, how much light must be missing for the ground to be as bright as it is: (N, 5 + albedos). All of the
    arguments are sums of rows: of light, of that in clipped pixels, of the mask; `up` their height; `row` their steradians.
    """
    sky = up.clamp(min=0)
    falls = (light * sky).sum(1) + _LEAST  # irradiance of level ground
    ground = (light * (-up).clamp(min=0)).sum(1) / math.pi + _LEAST  # its radiance
    shown = clipped.sum(1) + _LEAST
    height = ((clipped * sky).sum(1) / shown).clamp(min=_GRAZING)
    out = [(math.pi * ground / falls).log(), (falls / shown).log(), height.log()]
    out += [((math.pi * ground / albedo - falls).clamp(min=0) / height + shown).log() - shown.log() for albedo in _ALBEDOS]
    unclipped = (light - clipped).sum(1) / ((1 + _LEAST) * row.sum() - mask.sum(1))
    rest = (4 * math.pi * unclipped / shown, light.sum(1) / shown)
    return torch.stack([*out, *(x.clamp(min=1e-9).log() for x in rest)], 1)


def _sides(light: Tensor, mask: Tensor, up: Tensor, steradians: Tensor) -> Tensor:
    """How far light comes from one side, and whether from that of the clipped pixels, in bands of height: (N, 2 bands)."""
    azimuth = 2 * math.pi * (torch.arange(light.shape[-1], device=up.device) + 0.5) / light.shape[-1]
    weights = torch.stack([torch.ones_like(azimuth), azimuth.cos(), azimuth.sin()], 1)  # (w, 3)
    low, high = constant(_AROUND, up).T[..., None]
    bands = ((up > low) & (up <= high)).float()  # (bands, h)
    lit = bands @ ((light * steradians) @ weights)  # (N, bands, 3)
    side, clipped = lit[..., 1:], ((mask * steradians) @ weights).sum(1, keepdim=True)[..., 1:]
    length = side.norm(dim=2)
    share = (length / lit[..., 0].clamp(min=1e-9) + 0.01).log()
    along = (side * clipped).sum(2) / (length * clipped.norm(dim=2) + 1e-6)
    return torch.stack([share, along], 2).flatten(1)
