"""The network: from code values to radiance.

Source: "A Decoupled Kernel Prediction Network Guided by Soft Mask for Single Image HDR Reconstruction", ACM TOMM 2023. The
parts are the paper's; their inside is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..kernel_apply import kernel_apply
from .backbone import MASKS, Backbone
from .curve import srgb_decode
from .kernel_heads import KernelHeads
from .padding import Conv, pad, sample_grid
from .preliminary import Curve, Preliminary, preliminary
from .soft_mask import soft_mask
from .view import View, look


@dataclass(frozen=True)
class NetworkConfig:
    """The network's form. It travels with the weights."""

    widths: tuple[int, ...] = (32, 64, 96, 128, 192)
    guidance: int = 12
    kernel_size: int = 5
    head_width: int = 24


@dataclass(frozen=True)
class Guidance:
    """What the whole photo says to each of its pixels.

    curve: its response, plain sRGB where that was decided; estimated: what the preliminary module thinks before the decision;
    camera (N,): the decision, 0 where the photo is plain sRGB and 1 elsewhere;
    log_gain (N, 3, h, w) and features (N, G, h, w): at working resolution.
    """

    curve: Curve
    estimated: Curve
    camera: Tensor
    log_gain: Tensor
    features: Tensor
    panorama: bool


def _places(like: Tensor, *, panorama: bool) -> Tensor:
    """Where each pixel lies, (1, 3, h, w): sine and cosine of the elevation on a sphere and 1, or the height in a picture."""
    h, w = like.shape[-2:]
    up = 0.5 - (torch.arange(h, device=like.device, dtype=like.dtype) + 0.5) / h
    rows = (
        [torch.sin(torch.pi * up), torch.cos(torch.pi * up), torch.ones_like(up)]
        if panorama
        else [up, torch.zeros_like(up), torch.zeros_like(up)]
    )
    return torch.stack(rows)[None, :, :, None].expand(1, 3, h, w)


class Network(nn.Module):
    """Preliminary module, guided backbone, decoupled kernels, kernel apply."""

    def __init__(self, config: NetworkConfig = NetworkConfig()) -> None:
        super().__init__()
        self.config = config
        self.preliminary = Preliminary()
        self.backbone = Backbone(3 + 3 + MASKS + 3, config.widths)
        self.gain = Conv(config.widths[0], 3)
        self.guide = Conv(config.widths[0], config.guidance)
        nn.init.zeros_(self.gain.weight)
        nn.init.zeros_(self.gain.bias)  # type: ignore[arg-type]
        self.heads = KernelHeads(config.guidance, config.kernel_size, config.head_width)

    @property
    def halo(self) -> int:
        """How many pixels around a tile `restore` reads."""
        return max(self.heads.halo, self.config.kernel_size // 2)

    def guidance(self, view: View, camera: Tensor | None = None) -> Guidance:
        """The heavy part, once a photo.

        camera: (N,), 1 where the response has to be estimated and 0 where it is plain sRGB; None lets the network decide.
        """
        estimated = self.preliminary(view)
        if camera is None:
            camera = (estimated.camera > 0).float()
        curve = estimated.applied(camera)
        pooled, mask = view.pooled, view.pooled[:, 6:11]
        radiance = preliminary(pooled[:, :3], pooled[:, 3:6], curve)
        places = _places(pooled, panorama=view.panorama).expand(len(pooled), -1, -1, -1)
        seen = torch.cat([pooled[:, :3] - 0.5, 0.25 * torch.log2(radiance + 2**-8) + 1, mask, places], 1)
        features = functional.silu(self.backbone(seen, mask, panorama=view.panorama))
        with torch.autocast(features.device.type, enabled=False):
            features = features.float()
            log_gain = self.gain(features, panorama=view.panorama)
            guide = self.guide(features, panorama=view.panorama)
        return Guidance(curve, estimated, camera, log_gain, guide, view.panorama)

    def restore(self, code: Tensor, guidance: Guidance, rows: Tensor, columns: Tensor, size: tuple[int, int]) -> Tensor:
        """The light part: radiance of a tile.

        code: (N, 3, h + 2 halo, w + 2 halo) code values of the tile with its halo; rows (h + 2 halo,), columns (w + 2 halo,):
        their pixel indices in the photo of `size` (H, W), beyond its edge where the halo is. Returns (N, 3, h, w), linear,
        1.0 = the photo's white.
        """
        low = torch.cat([guidance.log_gain, guidance.features], 1)
        low = sample_grid(low, rows, columns, size, panorama=guidance.panorama)
        spatial, channel = self._kernels(code, low)
        radiance = preliminary(code, srgb_decode(code), guidance.curve)
        surplus = self.halo - self.config.kernel_size // 2
        if surplus:
            radiance = radiance[..., surplus:-surplus, surplus:-surplus]
        return kernel_apply(radiance, spatial, channel, border="valid")

    def _kernels(self, code: Tensor, low: Tensor) -> tuple[Tensor, Tensor]:
        surplus = self.halo - self.heads.halo
        if surplus:
            code, low = (x[..., surplus:-surplus, surplus:-surplus] for x in (code, low))
        return self.heads(code, soft_mask(code), low[:, 3:], low[:, :3])

    def forward(self, code: Tensor, *, panorama: bool, camera: Tensor | None = None) -> tuple[Tensor, Curve]:
        """Radiance (N, 3, H, W) of whole photos, (N, 3, H, W) code values in [0, 1], and their curves: for training."""
        height, width = code.shape[-2:]
        guidance = self.guidance(look(code, panorama=panorama), camera)
        rows = torch.arange(-self.halo, height + self.halo, device=code.device)
        columns = torch.arange(-self.halo, width + self.halo, device=code.device)
        padded = pad(code, self.halo, panorama=panorama)
        return self.restore(padded, guidance, rows, columns, (height, width)), guidance.estimated
