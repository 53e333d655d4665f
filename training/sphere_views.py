"""Views of panoramas as the sphere's network gets them, made on the device that trains."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from hdr_core.network.sphere_net import ROWS
from training.sphere_settings import SphereSettings

_LUMINANCE = (0.2126, 0.7152, 0.0722)
_ASPECTS = (4 / 3, 3 / 2, 3 / 4, 2 / 3)


@dataclass(frozen=True)
class Views:
    """light, share, peak: the network's inputs; truth: (N, 3, ROWS, 2 ROWS) linear; area: (1, 1, ROWS, 2 ROWS) steradians."""

    light: Tensor
    share: Tensor
    peak: Tensor
    truth: Tensor
    area: Tensor


def make_views(panoramas: Tensor, which: Tensor, generator: torch.Generator, settings: SphereSettings, *, clip: bool) -> Views:
    """A view of each chosen panorama, (n, h, 2h, 3), towards the middle of the map.

    clip: train as on restored photos, with tints and lost light; else the benchmark's views, of 4:3, 50, 70 or 100 degrees.
    """
    device, count = panoramas.device, len(which)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(count, *shape, generator=generator, device=device)

    def choice(values: tuple[float, ...]) -> Tensor:
        places = torch.randint(len(values), (count,), generator=generator, device=device)
        return torch.tensor(values, device=device)[places]

    world = panoramas[which].float().permute(0, 3, 1, 2)
    rows, columns = world.shape[-2:]
    shift = torch.randint(columns, (count,), generator=generator, device=device)
    mirror = torch.where(torch.rand(count, generator=generator, device=device) < 0.5, -1, 1)
    index = (torch.arange(columns, device=device)[None] * mirror[:, None] + shift[:, None]) % columns
    world = world.gather(3, index[:, None, None, :].expand(-1, 3, rows, -1))
    if clip:
        middle = world.mean((2, 3), keepdim=True).clamp(min=1e-4)
        contrast = uniform(1 - settings.contrast, 1 + settings.contrast, 1, 1, 1)
        world = middle * (world / middle).clamp(min=1e-6) ** contrast
        tint = settings.tint * torch.randn(count, 3, 1, 1, generator=generator, device=device)
        world = world * (tint + uniform(-1, 1, 1, 1, 1)).exp()
    fov = uniform(*settings.fov) if clip else choice((50.0, 70.0, 100.0))
    tilt = uniform(*settings.tilt) if clip else uniform(-10, 15)
    aspect = choice(_ASPECTS) if clip else choice(_ASPECTS[:1])
    seen = _seen(rows, columns, fov.deg2rad(), tilt.deg2rad(), aspect, device)
    shown = _lose(world, seen, uniform, settings) if clip else world
    factor = rows // ROWS
    share = functional.avg_pool2d(seen, factor)
    light = functional.avg_pool2d(shown * seen, factor) / share.clamp(min=1e-6)
    shine = (shown * torch.tensor(_LUMINANCE, device=device)[None, :, None, None]).sum(1, keepdim=True)
    peak = functional.max_pool2d(shine * seen, factor)
    edges = torch.cos(torch.arange(ROWS + 1, device=device) * (math.pi / ROWS))
    area = ((edges[:-1] - edges[1:]) * (math.pi / ROWS))[None, None, :, None].expand(1, 1, ROWS, 2 * ROWS)
    return Views(light, share, peak, functional.avg_pool2d(world, factor), area)


def _seen(rows: int, columns: int, fov: Tensor, tilt: Tensor, aspect: Tensor, device: torch.device) -> Tensor:
    """(N, 1, rows, columns) of 0 and 1: which pixels a photo towards the middle shows, tilt upwards."""
    up = (math.pi * (0.5 - (torch.arange(rows, device=device) + 0.5) / rows))[None, :, None]
    across = (2 * math.pi * (0.5 - (torch.arange(columns, device=device) + 0.5) / columns))[None, None]
    x, y, z = up.cos() * across.cos(), up.cos() * across.sin(), up.sin().expand(1, rows, columns)
    cosine, sine = tilt.cos()[:, None, None], tilt.sin()[:, None, None]
    ahead, above = x * cosine + z * sine, z * cosine - x * sine
    half = (fov / 2).tan()[:, None, None]
    inside = (ahead > 1e-3) & (y.abs() < half * ahead) & (above.abs() < half / aspect[:, None, None] * ahead)
    return inside.float()[:, None]


def _lose(world: Tensor, seen: Tensor, uniform: Callable[..., Tensor], settings: SphereSettings) -> Tensor:
    """For some views, light above a few times a white is lost in part: a restored photo is no measurement."""
    brightest = world.amax(1, keepdim=True)
    mean = (world.mean(1, keepdim=True) * seen).sum((2, 3), keepdim=True) / seen.sum((2, 3), keepdim=True).clamp(min=1)
    cap = mean * 2 ** uniform(*settings.clip_stops, 1, 1, 1)
    over = (brightest / cap).clamp(min=1)
    lost = world * over ** -uniform(0.3, 1, 1, 1, 1)
    return torch.where(uniform(0, 1, 1, 1, 1) < settings.clip_share, lost, world)
