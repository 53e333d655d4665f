"""What the network is trained for: looks, clipped pixels, and the light that a panorama casts.

radiance and truth are (N, 3, H, W), linear, photo white = 1; photo holds code values. Logarithms are natural.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from hdr_core.network.curve import srgb_decode
from hdr_core.network.model import Overview, Restored
from hdr_core.network.preliminary import Curve, preliminary
from hdr_core.network.soft_mask import over_exposed
from hdr_core.network.statistics import area, luminance

from .camera import Shot

FLOOR = 0.004  # about one code value of linear light: below it a logarithm would only see noise
_PU21 = (0.353487901, 0.3734658629, 8.277049286e-05, 0.9062562627, 0.09150303166, 0.9099517204, 596.3148142)
WEIGHTS = {
    "seen": 2.0,
    "clipped": 1.0,
    "pu21": 0.03,
    "place": 1.0,
    "place_lit": 0.3,
    "diffuse": 0.3,
    "glossy": 0.2,
    "camera": 0.5,
    "curve": 1.0,
    "total": 1.0,
    "spread": 0.3,
}


def pu21(radiance: Tensor) -> Tensor:
    """PU21, variant banding_glare (Mantiuk and Azimi, PCS 2021), of radiance whose white is shown at 100 cd/m2."""
    p = _PU21
    y = (100 * radiance).clamp(0.005, 1e4) ** p[3]
    return p[6] * (((p[0] + p[1] * y) / (1 + p[2] * y)) ** p[4] - p[5])


@lru_cache(maxsize=4)
def lobes(exponent: float, device: torch.device, height: int = 32) -> Tensor:
    """How much each of height x 2 height directions lights 128 points of a sphere under a cosine lobe; rows sum to 1."""
    i = torch.arange(128, device=device) + 0.5
    z, turn = 1 - 2 * i / 128, torch.pi * (1 + 5**0.5) * i
    r = (1 - z * z).sqrt()
    points = torch.stack([r * turn.cos(), r * turn.sin(), z], -1)
    theta = (torch.arange(height, device=device) + 0.5) / height * torch.pi
    phi = (torch.arange(2 * height, device=device) + 0.5) / height * torch.pi
    theta, phi = torch.meshgrid(theta, phi, indexing="ij")
    toward = torch.stack([theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()], -1).flatten(0, 1)
    lobe = (points @ toward.T).clamp(min=0) ** exponent * theta.sin().flatten()
    return lobe / lobe.sum(1, keepdim=True)


def light(radiance: Tensor, exponent: float) -> Tensor:
    """The light that 128 points of a sphere receive, (N, 3, 128). exponent 1: diffuse; 32: glossy."""
    height = 64 if exponent > 1 else 32
    small = functional.avg_pool2d(radiance, radiance.shape[-2] // height)
    return small.flatten(2) @ lobes(exponent, radiance.device, height).T


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean of each photo, (N, ...) to (N,); 0 where nothing has weight."""
    return (values * weight).flatten(1).sum(1) / weight.flatten(1).sum(1).clamp(min=1e-12)


def overview_terms(overview: Overview, shot: Shot, *, panorama: bool) -> dict[str, Tensor]:
    """The terms of what is known before the backbone looks: is it a camera's curve, and which; how much light was clipped, and
    where it lies.
    """
    estimated = overview.estimated
    apart = energy_error(overview, shot, panorama=panorama)
    return {
        "camera": functional.binary_cross_entropy_with_logits(estimated.camera, shot.camera),
        "curve": _curve(estimated, shot),
        **energy_terms(apart, overview.energy.log_scale),
        **place_terms(overview, shot, panorama=panorama),
    }


def energy_terms(apart: Tensor, log_scale: Tensor) -> dict[str, Tensor]:
    """From each member's error and the log of the error that it expects, (N, members) both."""
    return {
        "total": functional.huber_loss(apart, torch.zeros_like(apart), delta=0.35),
        "spread": (apart.detach().abs() * torch.exp(-log_scale) + log_scale).mean(),  # of a Laplace distribution
    }


def energy_error(overview: Overview, shot: Shot, *, panorama: bool) -> Tensor:
    """Each member's error of the log light of clipped pixels, (N, members); 0 where the photo has none to learn from."""
    wanted, counts = wanted_log_ratio(overview, shot, panorama=panorama)
    return (overview.energy.members - wanted[:, None]) * counts[:, None]


def wanted_log_ratio(overview: Overview, shot: Shot, *, panorama: bool) -> tuple[Tensor, Tensor]:
    """The true log light of clipped pixels over what the photo, made small, shows of them, (N,), after the gain that fits what
    is well exposed; and where there are any, (N,).
    """
    code, truth = shot.photo, shot.truth
    share = area(*code.shape[-2:], panorama=panorama, like=code)
    decoded = preliminary(code, srgb_decode(code), overview.curve)
    every = slice(None, None, 2)
    seen, some = decoded[..., every, every], code[..., every, every]
    gain = _fitting_gain(seen, truth[..., every, every], some, share[every])
    missing = luminance(truth) - gain[:, None, None] * luminance(decoded)
    missing = (over_exposed(code).amax(1) * missing * share).sum((-2, -1))
    shown = overview.light.shown
    return (1 + missing / (gain * shown).clamp(min=1e-9)).clamp(min=1e-3).log(), shown > 1e-4


def _fitting_gain(radiance: Tensor, truth: Tensor, code: Tensor, share: Tensor) -> Tensor:
    """(N,): the gain that fits `radiance` to `truth` where the photo is well exposed. Without gradient."""
    usable = (code.amax(1) < 217 / 255) & (code.amin(1) > 12 / 255)
    apart = ((radiance.detach() + FLOOR).log() - (truth + FLOOR).log()).mean(1)
    return torch.exp(-_mean(apart, usable * share)).clamp(0.33, 3)


def _curve(estimated: Curve, shot: Shot) -> Tensor:
    """Mean error of log radiance under the estimated curve, where the photo is well exposed, half of it after the gain that
    fits best: that is what is seen. Every fourth pixel is enough.
    """
    code, truth = shot.photo[..., ::4, ::4], shot.truth[..., ::4, ::4]
    decoded = preliminary(code, srgb_decode(code), estimated)
    error = ((decoded + FLOOR).log() - (truth + FLOOR).log()).mean(1)
    usable = (code.amax(1) < 235 / 255).float()
    fitted = error - _mean(error, usable)[:, None, None]
    return (_mean(error.abs(), usable) + _mean(fitted.abs(), usable)).mean() / 2


def place_terms(overview: Overview, shot: Shot, *, panorama: bool) -> dict[str, Tensor]:
    """How differently the light that is missing in clipped pixels lies, and what it would light. Its total is taken from the
    truth, so that a sun has no larger gradient than a lamp: Kullback-Leibler over cells of three sizes and three channels.
    """
    radiance = overview.radiance
    size = (radiance.shape[-2], radiance.shape[-1])
    truth, over = (functional.adaptive_avg_pool2d(x, size) for x in (shot.truth, over_exposed(shot.photo)))
    share = area(*size, panorama=panorama, like=radiance)

    def total(x: Tensor) -> Tensor:
        return (luminance(x) * share).sum((-2, -1))

    missing = (truth - radiance).clamp(min=0) * (over.amax(1, keepdim=True) > 0)
    made = over * radiance * overview.density
    wanted = total(missing)
    made = made * (wanted / total(made).clamp(min=1e-9)).view(-1, 1, 1, 1)
    counts = (0.3 + wanted / total(truth).clamp(min=1e-9)) * (wanted > 1e-5)
    apart = torch.zeros_like(wanted)
    for side in (2, 8, 32):
        ours, true = (functional.avg_pool2d(x * share, side, ceil_mode=True).flatten(1) + 1e-12 for x in (made, missing))
        ours, true = (x / x.sum(1, keepdim=True) for x in (ours, true))
        apart = apart + (true * ((true + 1e-5) / (ours + 1e-5)).log()).sum(1) / 3
    out = {"place": (apart * counts).mean()}
    if panorama:
        out["place_lit"] = sum(_unlike(radiance + made, truth, *lobe) for lobe in ((1.0, 1.0), (32.0, 0.7)))  # type: ignore[assignment]
    return out


def _unlike(radiance: Tensor, truth: Tensor, exponent: float, weight: float) -> Tensor:
    """How differently two panoramas light a sphere, on a logarithmic scale; the bright side of the sphere is what one sees."""
    received, true = light(radiance, exponent), light(truth, exponent)
    apart = ((received + FLOOR).log() - (true + FLOOR).log()).abs()
    return weight * (apart * (0.5 + 0.5 * true / true.mean((1, 2), keepdim=True))).mean()


def terms(restored: Restored, shot: Shot, *, panorama: bool) -> dict[str, Tensor]:
    """Each term of the loss, a scalar, before its weight."""
    radiance, truth, photo = restored.radiance, shot.truth, shot.photo
    share = area(*photo.shape[-2:], panorama=panorama, like=photo).expand(photo.shape[-2:])
    top = photo.amax(1)
    clipped = (top >= 250 / 255) * share
    seen = (top < 235 / 255) * share
    log_error = (radiance + FLOOR).log() - (truth + FLOOR).log()
    # one gain for each photo is free, as in every comparison of HDR images
    fitted = radiance * _fitting_gain(radiance, truth, photo, share)[:, None, None, None]
    fitted_error = (fitted + FLOOR).log() - (truth + FLOOR).log()
    pu21_error = _mean(((pu21(fitted) - pu21(truth)) ** 2).mean(1), share.expand_as(top)).div(256**2)
    out = {
        "seen": (_mean(log_error.abs().mean(1), seen) + _mean(fitted_error.abs().mean(1), seen)).mean() / 2,
        "clipped": (_mean((fitted_error**2).mean(1), clipped) + 1e-4).sqrt().mean(),
        "pu21": 10 * pu21_error.add(1e-5).log10().mean() + 30,
        **overview_terms(restored.overview, shot, panorama=panorama),
    }
    if panorama:
        for name, exponent in (("diffuse", 1.0), ("glossy", 32.0)):
            out[name] = _unlike(fitted, truth, exponent, 1.0)
    return out


def total(parts: dict[str, Tensor]) -> Tensor:
    """The weighted sum of the terms."""
    return torch.stack([WEIGHTS[name] * value for name, value in parts.items()]).sum()
