"""What a network scores on truths that were held out: the figures of the field, on the GPU, under three fixed conditions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hdr_core.network.curve import srgb_encode
from hdr_core.network.model import Network
from hdr_core.network.statistics import area, luminance

from .camera import expose, jpeg
from .losses import light, pu21

SEED = 5


@dataclass(frozen=True)
class Condition:
    """clipped: share of the area whose brightest channel clips; camera: a sigmoid response (Eilertsen et al. 2017) and noise,
    or plain sRGB; quality: of the JPEG, None for lossless.
    """

    name: str
    clipped: float
    camera: bool
    quality: int | None


CONDITIONS = (Condition("clean2", 0.02, False, None), Condition("camera5", 0.05, True, 92), Condition("rough10", 0.1, True, 80))


def photograph(truth: Tensor, condition: Condition, *, panorama: bool) -> tuple[Tensor, Tensor]:
    """Code values and truth on the photo's scale, both (N, 3, H, W), of truths (N, 3, H, W)."""
    n, device = len(truth), truth.device
    truth = expose(truth, torch.full((n,), condition.clipped, device=device), panorama=panorama)
    exposed = truth.clamp(0, 1)
    if condition.camera:
        power, sigma = (m + 0.1 * torch.randn(n, 1, 1, 1, device=device) for m in (0.9, 0.6))
        exposed = (exposed + torch.randn_like(exposed) * (2e-6 + 2e-5 * exposed).sqrt()).clamp(0, 1) ** power
        code = (1 + sigma.abs()) * exposed / (exposed + sigma.abs()).clamp(min=1e-6)
    else:
        code = srgb_encode(exposed)
    code = (255 * code).round() / 255
    return (code if condition.quality is None else jpeg(code, torch.full((n,), float(condition.quality), device=device))), truth


def figures(radiance: Tensor, truth: Tensor, code: Tensor, *, panorama: bool) -> dict[str, Tensor]:
    """Each figure of each photo, (N,): pu21_psnr (dB), highlight_stops; of panoramas diffuse_rmse, glossy_rmse, energy."""
    ours, true = luminance(radiance), luminance(truth)
    usable = (code.amin(1) > 12 / 255) & (code.amax(1) < 217 / 255)
    ratio = torch.where(usable, true / ours.clamp(min=1e-6), torch.nan).flatten(1).nanmedian(1).values.nan_to_num(1.0)
    fitted, ours = radiance * ratio[:, None, None, None], ours * ratio[:, None, None]
    share = area(*code.shape[-2:], panorama=panorama, like=code)
    clipped = code.amax(1) >= 250 / 255
    stops = (ours.clamp(min=1e-4) / true.clamp(min=1e-4)).log2() ** 2 * clipped
    error = ((pu21(fitted) - pu21(truth)) ** 2).mean(1)
    out = {
        "pu21_psnr": 20 * (256 / (error * share).sum((1, 2)).sqrt()).log10(),
        "highlight_stops": (stops.sum((1, 2)) / clipped.sum((1, 2)).clamp(min=1)).sqrt(),
    }
    if panorama:
        for name, exponent in (("diffuse_rmse", 1.0), ("glossy_rmse", 32.0)):
            received, wanted = light(fitted, exponent), light(truth, exponent)
            out[name] = ((received - wanted) ** 2).mean((1, 2)).sqrt() / wanted.mean((1, 2))
        out["energy"] = ((ours * share).sum((1, 2)) / (true * share).sum((1, 2))).log2().abs()
        out["strong"] = ((true * share * clipped).sum((1, 2)) / (true * share).sum((1, 2)) > 0.5).float()
    return out


@torch.no_grad()
def measure(network: Network, panoramas: Tensor, *, camera_known: bool = False) -> dict[str, dict[str, float]]:
    """Means (pu21_psnr) and medians of `figures` over panoramas (N, 3, H, W), for each condition and for those whose clipped
    pixels give over half of the light; `wrong` is the share of photos whose curve was taken for the other kind.
    """
    rows: dict[str, list[dict[str, Tensor]]] = {}
    with torch.random.fork_rng(devices=[panoramas.device] if panoramas.is_cuda else []):
        torch.manual_seed(SEED)
        for condition in CONDITIONS:
            for some in panoramas.float().split(8):
                code, truth = photograph(some, condition, panorama=True)
                known = torch.full((len(some),), float(condition.camera), device=some.device)
                with torch.autocast(some.device.type, torch.bfloat16):
                    restored = network(code, panorama=True, camera=known if camera_known else None)
                found = figures(restored.radiance, truth, code, panorama=True)
                found["wrong"] = ((restored.overview.estimated.camera > 0).float() != known).float()
                rows.setdefault(condition.name, []).append(found)
    joined = {name: {key: torch.cat([p[key] for p in parts]) for key in parts[0]} for name, parts in rows.items()}
    everything = {key: torch.cat([r[key] for r in joined.values()]) for key in joined["clean2"]}
    strong = everything["strong"] > 0
    joined["strong"] = {key: value[strong] for key, value in everything.items()}
    return {name: {key: _summary(key, value) for key, value in row.items() if key != "strong"} for name, row in joined.items()}


def _summary(name: str, values: Tensor) -> float:
    if not len(values):
        return math.nan
    return round(float(values.mean() if name in ("pu21_psnr", "wrong") else values.median()), 3)


def line(rows: dict[str, dict[str, float]]) -> str:
    """`measure`'s result on one line."""
    return "; ".join(f"{name} " + "/".join(f"{v:g}" for v in row.values()) for name, row in rows.items())
