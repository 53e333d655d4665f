"""Cameras for training, on the GPU: HDR truth to LDR photos with random exposure, response, noise and JPEG compression.

Everything is batched: radiance (N, 3, H, W), linear; photos (N, 3, H, W), code values in [0, 1] with 256 levels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from hdr_core.network.blocks import cosines
from hdr_core.network.curve import srgb_encode
from hdr_core.network.statistics import area

from .optics import blurred, with_glare
from .response import response

_LUMA_TABLE = [
    [16, 11, 10, 16, 24, 40, 51, 61],
    [12, 12, 14, 19, 26, 58, 60, 55],
    [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62],
    [18, 22, 37, 56, 68, 109, 103, 77],
    [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101],
    [72, 92, 95, 98, 112, 100, 103, 99],
]
_CHROMA_TABLE = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]


CLIPPED = (0.003, 0.2)  # share of the area that clips
BLURRED, GLARING = 0.3, 0.25  # shares of the photos
# Who delivers what: of the photos under the plain sRGB curve (renders, panoramas mapped by software) most are lossless and have
# no noise; of cameras' photos hardly any.
CAMERA = 0.65
SRGB_LOSSLESS, CAMERA_LOSSLESS = 0.75, 0.06


@dataclass(frozen=True)
class Shot:
    """photo (N, 3, H, W) code values; truth: radiance, the photo's white = 1; camera (N,): 0 for plain sRGB, else 1."""

    photo: Tensor
    truth: Tensor
    camera: Tensor


def expose(radiance: Tensor, clipped: Tensor, *, panorama: bool) -> Tensor:
    """`radiance` scaled so that the share `clipped` (N,) of the area has its brightest channel at 1 or above."""
    peak = radiance.amax(1)
    share = area(*peak.shape[-2:], panorama=panorama, like=radiance).expand_as(peak[0]).flatten()
    ordered, order = peak.flatten(1).sort(1)
    covered = share[order].cumsum(1)
    place = torch.searchsorted(covered, (1 - clipped)[:, None]).clamp(max=ordered.shape[1] - 1)
    return radiance / ordered.gather(1, place)[..., None, None].clamp(min=1e-8)


def _uniform(n: int, low: float, high: float, device: torch.device) -> Tensor:
    return torch.rand(n, 1, 1, 1, device=device) * (high - low) + low


def _chosen(n: int, share: float, device: torch.device) -> Tensor:
    return torch.rand(n, 1, 1, 1, device=device) < share


def _quantise(plane: Tensor, table: Tensor) -> Tensor:
    """JPEG's loss on one plane (N, H, W), centred at 0, 255 levels; `table` (N, 8, 8)."""
    h, w = plane.shape[-2:]
    padded = functional.pad(plane[:, None], (0, -w % 8, 0, -h % 8), mode="replicate")[:, 0]
    basis = cosines(plane)
    blocks = padded.unflatten(1, (-1, 8)).unflatten(3, (-1, 8)).transpose(2, 3)  # (N, rows, columns, 8, 8)
    table = table[:, None, None]
    frequency = torch.round(basis @ blocks @ basis.T / table) * table
    out = (basis.T @ frequency @ basis).transpose(2, 3).flatten(3, 4).flatten(1, 2)
    return out[:, :h, :w]


def jpeg(code: Tensor, quality: Tensor) -> Tensor:
    """What JPEG with 4:2:0 subsampling leaves of code values (N, 3, H, W) in [0, 1], at `quality` (N,) in [1, 100]."""
    height, width = code.shape[-2:]
    r, g, b = (255 * code).unbind(1)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    cb, cr = (b - y) / 1.772, (r - y) / 1.402
    factor = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality) / 100
    chroma_table = torch.full((8, 8), 99.0)
    chroma_table[:4, :4] = torch.tensor(_CHROMA_TABLE, dtype=torch.float32)
    tables = [
        (t.to(code.device) * factor[:, None, None] + 0.5).floor().clamp(1, 255)
        for t in (torch.tensor(_LUMA_TABLE, dtype=torch.float32), chroma_table)
    ]
    y = _quantise(y - 128, tables[0]) + 128
    half = [functional.avg_pool2d(c[:, None], 2, ceil_mode=True)[:, 0] for c in (cb, cr)]
    half = [_quantise(c, tables[1]) for c in half]
    cb, cr = (
        functional.interpolate(c[:, None], scale_factor=2, mode="bilinear", align_corners=False)[:, 0, :height, :width]
        for c in half
    )
    rgb = torch.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], 1)
    return rgb.clamp(0, 255).round() / 255


@torch.no_grad()
def shoot(radiance: Tensor, *, panorama: bool) -> Shot:
    """Photograph a batch of truths (N, 3, H, W), H and W multiples of 8, each with a camera of its own.

    The truth is what lies before the lens's glare: that is a hint of a strong light, not light from where it appears.
    """
    n, device = len(radiance), radiance.device
    balance = torch.exp(0.12 * torch.randn(n, 3, 1, 1, device=device).clamp(-2, 2))
    low, high = CLIPPED
    clipped = low * (high / low) ** torch.rand(n, device=device)
    radiance = torch.where(_chosen(n, BLURRED, device), blurred(radiance, panorama=panorama), radiance)
    truth = expose(radiance * balance, clipped, panorama=panorama)
    exposed = torch.where(_chosen(n, GLARING, device), with_glare(truth, panorama=panorama), truth).clamp(0, 1)
    camera = _chosen(n, CAMERA, device)
    lossless = torch.where(camera, _chosen(n, CAMERA_LOSSLESS, device), _chosen(n, SRGB_LOSSLESS, device))
    strength = torch.exp(_uniform(n, math.log(0.2), math.log(4.0), device))
    noise = torch.randn_like(exposed) * torch.sqrt(strength * (2e-6 + 2e-5 * exposed))
    noisy = ~lossless & (camera & _chosen(n, 0.8, device) | _chosen(n, 0.3, device))
    exposed = torch.where(noisy, (exposed + noise).clamp(0, 1), exposed)
    code = torch.where(camera, response(exposed), srgb_encode(exposed))
    code = (255 * code).round() / 255
    quality = 100 - 30 * torch.rand(n, device=device) ** 1.3
    compressed = ~lossless & (~noisy | _chosen(n, 0.9, device))
    code = torch.where(compressed, jpeg(code, quality), code)
    return Shot(code, truth, camera.float().flatten())
