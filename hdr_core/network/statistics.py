"""Statistics of a photo as a whole: what tells how much light its clipped pixels hide.

How much of the picture is clipped, in how large pieces and how high up; how bright and of what colour its surroundings are; how
fast the picture falls off from white; how bright and how rough sky and ground are. They are taken at the working resolution, so
a photo has the same at every size.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .constants import constant
from .padding import pad

LUMA = (0.2126, 0.7152, 0.0722)  # Rec.709
COUNT = 55  # statistics of a photo
_FLOOR = 0.004  # about one code value of linear light
_ERODED = (1, 2, 4, 8, 16)  # pixels at half the working resolution
_RINGS = (1, 3, 6, 12)
_LEVELS = (0.8, 0.6, 0.4, 0.25, 0.12, 0.06)
_BANDS = ((-1.0, -0.3), (-0.3, 0.0), (0.0, 0.15), (0.15, 0.4), (0.4, 1.0))  # of height: 1 is up, -1 is down
_WINDOWS = (5, 11, 21)


def area(height: int, width: int, *, panorama: bool, like: Tensor) -> Tensor:
    """Each row's share of the picture's area, (H, 1); with W columns it sums to 1. Solid angle for a panorama."""
    rows = torch.arange(height, device=like.device, dtype=torch.float32)
    rows = torch.sin((rows + 0.5) / height * torch.pi) if panorama else torch.ones_like(rows)
    return (rows / rows.sum() / width)[:, None]


def luminance(rgb: Tensor) -> Tensor:
    """(N, 3, H, W) to (N, H, W)."""
    return torch.einsum("nchw,c->nhw", rgb, constant(LUMA, rgb))


def _dilated(x: Tensor, radius: int, panorama: bool) -> Tensor:
    """The largest value in a square of `radius` around each pixel, (N, 1, h, w)."""
    size = 2 * radius + 1
    x = functional.max_pool2d(pad(x, radius, panorama=panorama), (size, 1), 1)
    return functional.max_pool2d(x, (1, size), 1)


def statistics(radiance: Tensor, over: Tensor, *, panorama: bool) -> Tensor:
    """(N, COUNT) from preliminary radiance (N, 3, h, w) in [0, 1] and over-exposure (N, 3, h, w), at working resolution."""
    radiance, over = functional.avg_pool2d(radiance, 2), functional.avg_pool2d(over, 2)
    h, w = radiance.shape[-2:]
    share = area(h, w, panorama=panorama, like=radiance)
    up = (1 - 2 * (torch.arange(h, device=radiance.device) + 0.5) / h)[:, None].expand(h, w)
    mask = over.amax(1, keepdim=True)
    light = luminance(radiance)[:, None]
    log_light = (light + _FLOOR).log()

    def total(x: Tensor) -> Tensor:
        return (x * share).sum((-2, -1))

    def colour(x: Tensor) -> list[Tensor]:
        """Log luminance of an average colour (N, 3), and its red and blue against that."""
        bright = (x * constant(LUMA, x)).sum(1, keepdim=True) + _FLOOR
        return [bright.log(), ((x + _FLOOR) / bright).log()[:, ::2]]

    def rough(where: Tensor) -> Tensor:
        return (total(slope * where) + 0.005).log()

    across = (log_light - log_light.roll(1, -1)).abs() if panorama else functional.pad(log_light.diff(dim=-1).abs(), (0, 1))
    slope = across + functional.pad(log_light.diff(dim=-2).abs(), (0, 0, 0, 1))
    clipped = total(mask) + 1e-6
    grown = [_dilated(mask, r, panorama) for r in _RINGS]
    out = [clipped.log(), total(over) / clipped, total(over.amin(1, keepdim=True)) / clipped]
    out += [(total(-_dilated(-mask, min(r, h // 2), panorama)) / clipped + 0.003).log() for r in _ERODED]
    out += [(total(g) / clipped).log() for g in (grown[0], grown[-1])]
    for inner, outer in ((mask, grown[1]), (grown[1], grown[2]), (grown[2], grown[3])):
        ring = (outer - inner).clamp(min=0)
        out += colour(total(ring * radiance) / (total(ring) + 1e-5))
    peak = radiance.amax(1, keepdim=True)
    out += [(total(torch.sigmoid(8 * (peak.clamp(min=1e-6) / level).log())) / clipped).log() for level in _LEVELS]
    for half in ((up > 0).float(), (up <= 0).float()):
        size = total(half[None, None])
        mean = total(log_light * half) / size
        spread = (total((log_light - mean[..., None, None]) ** 2 * half) / size + 1e-4).sqrt()
        out += [*colour(total(radiance * half) / size), mean, spread, total(mask * half) / clipped]
    height = total(mask * up) / clipped
    out += [height, (total(mask * (up - height[..., None, None]) ** 2) / clipped + 1e-4).sqrt()]
    out += [total(mask * ((up > low) & (up <= high)).float()) / clipped for low, high in _BANDS]
    out += [rough(torch.ones_like(up)), rough((up > 0.02).float()), rough((up < -0.02).float())]
    out.append(colour(total(mask * radiance) / clipped)[1])
    for window in _WINDOWS:  # is the clipped area in one place?
        radius = min(window // 2, h // 2)
        near = functional.avg_pool2d(pad(mask * share, radius, panorama=panorama), 2 * radius + 1, 1).amax((-2, -1))
        out.append(((2 * radius + 1) ** 2 * near / clipped + 1e-3).log())
    out.append(torch.full_like(clipped, float(panorama)))
    return torch.cat(out, 1)
