"""Some of the clipped pixels of photos, with the light that they truly have: what `Emission` is fitted to."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from hdr_core.network.emission import BRIGHTEST, DIMMEST, LEARNT_FROM, Clipped, Said, drawn
from hdr_core.network.model import Overview
from hdr_core.network.soft_mask import over_exposed
from hdr_core.network.statistics import area, luminance

from . import losses
from .camera import Shot

OF_PIXELS = 0.2  # weight of the loss on pixels beside that on their sum
_LEAST = 1e-12


def true_light(overview: Overview, shot: Shot, *, panorama: bool) -> Tensor:
    """The light that the pixels of `overview.clipped` truly have, (N, P), of any unit."""
    size = (overview.radiance.shape[-2] // 2, overview.radiance.shape[-1] // 2)
    truth, over = (functional.adaptive_avg_pool2d(x, size) for x in (shot.truth, over_exposed(shot.photo)))
    return (over.amax(1) * luminance(truth) * area(*size, panorama=panorama, like=truth)).flatten(1)


def sampled(seen: Clipped, light: Tensor, log_ratio: Tensor) -> tuple[Clipped, Tensor]:
    """LEARNT_FROM of each photo's, by chance: as many anywhere as where the light is and as where the photo shows it, each with
    the light of those that it stands for. Features come in half precision. light: as of `true_light`; log_ratio (N,): of the
    whole photo. Also returns the log ratio of each pixel, (N, LEARNT_FROM).
    """
    shown = seen.shown
    reasons = torch.stack([(shown > 0).float(), light * (shown > 0), shown])
    some, chosen = drawn(seen, (reasons / reasons.sum(2, keepdim=True).clamp(min=_LEAST)).sum(0), LEARNT_FROM)
    gain = log_ratio + (shown.sum(1) / light.sum(1).clamp(min=_LEAST)).log()
    ratio = (light.clamp(min=_LEAST) / shown.clamp(min=_LEAST)).log() + gain[:, None]
    return replace(some, features=some.features.half()), ratio.gather(1, chosen).clamp(DIMMEST, BRIGHTEST)


def loss(said: Said, log_ratio: Tensor, pixels: Tensor) -> Tensor:
    """Of the whole photos (N,) and of their pixels (N, P), both natural logs."""
    terms = losses.energy_terms(said.log_ratio - log_ratio[:, None], said.log_scale.clamp(-4, 2))
    of_pixels = functional.huber_loss(said.pixels, pixels.expand_as(said.pixels), delta=0.7)
    return losses.total(terms) + OF_PIXELS * of_pixels
