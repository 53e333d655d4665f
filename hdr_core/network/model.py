"""The network: preliminary module, soft mask, backbone, energy head, decoupled kernels.

After "A Decoupled Kernel Prediction Network Guided by Soft Mask for Single Image HDR Reconstruction" (ACM TOMM 2023), of
which the abstract is known; the rest is our own. `guidance` is the heavy part, run once on the whole photo at working
resolution; `restore` is the light part, run on any tile of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..kernel_apply import kernel_apply
from .backbone import MASKS, Backbone
from .curve import srgb_decode
from .emission import LEARNT_FROM, Clipped, clipped, drawn
from .energy import Energy, EnergyHead, Pixels, observed, with_far_lamps
from .gather import concentrated, gathered, of_lamps
from .glow import glow, glow_size, settled
from .kernel_heads import LARGEST_LOG_GAIN, KernelHeads, Kernels, Low, given_back
from .padding import Conv, pad, sample_grid
from .place import PlaceHead, places
from .preliminary import Curve, Preliminary, preliminary
from .soft_mask import over_exposed, soft_mask
from .statistics import area, luminance
from .view import View, look

Mask = Literal["soft", "none"]


@dataclass(frozen=True)
class NetworkConfig:
    """The network's form. It travels with the weights.

    mask: "none" takes the soft mask away from backbone and gains, for comparison. kernels: see `KernelHeads`. dilations: of the
    spatial kernel, one for each scale. energy: the light of clipped regions has a head of its own.
    """

    widths: tuple[int, ...] = (24, 48, 64, 96, 128)
    guidance: int = 12
    kernel_size: int = 5
    head_width: int = 24
    mask: Mask = "soft"
    kernels: Kernels = "decoupled"
    dilations: tuple[int, ...] = (1,)
    energy: bool = True


@dataclass(frozen=True)
class Light:
    """How much of the light was restored: the share of irradiance that comes from clipped pixels, each (N,), in [0, 1].

    share: as restored; low, high: where the truth lies in 80% of photos; shown (N,): the mean radiance over the picture that
    the photo itself shows in clipped pixels, made small.
    """

    share: Tensor
    low: Tensor
    high: Tensor
    shown: Tensor


@dataclass(frozen=True)
class Overview:
    """What is known of a photo before the backbone looks at it.

    radiance (N, 3, h, w): preliminary, at working resolution; observed (N, SEEN), clipped: what the energy is estimated from;
    density (N, 3, h, w): where its clipped light lies, of any scale.
    """

    estimated: Curve
    camera: Tensor
    curve: Curve
    radiance: Tensor
    observed: Tensor
    clipped: Clipped
    energy: Energy
    density: Tensor
    light: Light


@dataclass(frozen=True)
class Guidance:
    """What the whole photo says to each of its pixels.

    curve: its response, plain sRGB where that was decided; camera (N,): the decision, 0 where the photo is plain sRGB and 1
    elsewhere; light: how much was restored; low: at working resolution; missing (N,): the mean luminance over the picture that
    its surplus has to add.
    """

    curve: Curve
    camera: Tensor
    light: Light
    low: Low
    missing: Tensor
    panorama: bool


@dataclass(frozen=True)
class Restored:
    """radiance (N, 3, H, W), linear, photo white = 1; overview: what was thought of the photo before."""

    radiance: Tensor
    overview: Overview


def _shared_out(
    overview: Overview, over: Tensor, log_gain: Tensor, density: Tensor, *, panorama: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Share out the light that the energy head says: the log gains keep theirs, up to the whole; what is missing goes where
    `density` (N, 3, h, w) says, `concentrated`. Returns the surplus (N, 3, h, w), what the gains keep, (N,), and the mean
    luminance that is missing, (N,).
    """
    radiance = overview.radiance
    share = area(*radiance.shape[-2:], panorama=panorama, like=radiance)

    def total(x: Tensor) -> Tensor:
        return (luminance(x) * share).sum((-2, -1))

    wanted = overview.light.shown * torch.expm1(overview.energy.restored.detach())
    given = total(radiance * torch.expm1(over * log_gain.clamp(max=LARGEST_LOG_GAIN)))
    keep = torch.where(given > wanted, wanted / given.clamp(min=1e-9), 1.0)
    density = of_lamps(density, over, overview.energy.sky_share.detach())
    density = concentrated(density, over * radiance * density * share, panorama=panorama)
    missing = (wanted - given).clamp(min=0)
    factor = missing / total(over * radiance * density).clamp(min=1e-9)
    return density * factor.view(-1, 1, 1, 1), keep, missing


class Network(nn.Module):
    """Preliminary module, guided backbone, energy head, decoupled kernels, kernel apply."""

    def __init__(self, config: NetworkConfig = NetworkConfig()) -> None:
        super().__init__()
        self.config = config
        self.preliminary = Preliminary()
        self.energy = EnergyHead()
        self.backbone = Backbone(3 + 3 + MASKS + 3, config.widths, guided=config.mask == "soft")
        self.gain = Conv(config.widths[0], 3)
        self.place = PlaceHead()
        self.detail = Conv(config.widths[0], 1)  # where nearby, see `gathered`
        self.guide = Conv(config.widths[0], config.guidance)
        for head in (self.gain, self.detail):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]
        self.heads = KernelHeads(
            config.guidance, config.kernel_size, config.head_width, kernels=config.kernels, scales=len(config.dilations)
        )

    @property
    def reach(self) -> int:
        """How many pixels around a pixel its spatial kernel reads."""
        return max(self.config.dilations) * (self.config.kernel_size // 2) if self.config.kernels != "direct" else 0

    @property
    def halo(self) -> int:
        """How many pixels around a tile `restore` reads."""
        return max(self.heads.halo, self.reach)

    def overview(self, view: View, camera: Tensor | None = None) -> Overview:
        """The response curve, how much light was clipped, and where it lies.

        camera: (N,), 1 where the response has to be estimated and 0 where it is plain sRGB; None lets the network decide.
        """
        estimated = self.preliminary(view)
        if camera is None:
            camera = (estimated.camera > 0).float()
        curve = estimated.applied(camera)
        code, linear, over = (view.pooled[:, first : first + 3] for first in (0, 3, 6))
        radiance = preliminary(code, linear, curve)
        averaged = Pixels(preliminary(code, srgb_decode(code), curve), over_exposed(code))
        with torch.autocast(code.device.type, enabled=False):
            small = with_far_lamps(averaged, over, panorama=view.panorama)
            saw = observed(small, averaged, panorama=view.panorama)
            pixels = clipped(small.radiance.float(), small.over.float(), panorama=view.panorama)
            if self.training:
                pixels, _ = drawn(pixels, pixels.shown + 1e-9, LEARNT_FROM)
        energy = self.energy(saw, pixels, panorama=view.panorama)
        density = self.place(radiance, over, energy.log_ratio.detach(), energy.sky_share.detach(), panorama=view.panorama)
        share = area(*radiance.shape[-2:], panorama=view.panorama, like=radiance)

        def total(light: Tensor, part: Tensor) -> Tensor:
            return (luminance(light) * part * share).sum((-2, -1))

        most, shown = over.amax(1), total(small.radiance, small.over.amax(1))
        seen, rest = total(radiance, most), total(radiance, 1 - most)

        def clipped_share(log_ratio: Tensor) -> Tensor:
            light = seen + shown * torch.expm1(log_ratio.clamp(min=0))
            return light / (light + rest).clamp(min=1e-12)

        low, high = energy.log_ratio - energy.spread, energy.log_ratio + energy.spread
        light = Light(clipped_share(energy.restored), clipped_share(low), clipped_share(high), shown)
        return Overview(estimated, camera, curve, radiance, saw, pixels, energy, density, light)

    def guidance(self, view: View, overview: Overview, *, twice: bool = True) -> Guidance:
        """The heavy part, once a photo. Its surplus is as large as working resolution tells: see `settled`.

        twice: look at the photo's mirror image, too, but in training; half of the time is for that.
        """
        pooled, mask, radiance = view.pooled, view.pooled[:, 6:11], overview.radiance
        if self.config.mask == "none":
            mask = torch.zeros_like(mask)
        where = places(pooled, panorama=view.panorama).expand(len(pooled), -1, -1, -1)
        seen = torch.cat([pooled[:, :3] - 0.5, 0.25 * torch.log2(radiance + 2**-8) + 1, mask, where], 1)
        log_gain, detail, guide = self._seen(seen, mask, panorama=view.panorama, twice=twice and not self.training)
        with torch.autocast(log_gain.device.type, enabled=False):
            surplus, missing = torch.zeros_like(log_gain), torch.zeros_like(overview.light.shown)
            keep, own = torch.ones_like(missing), torch.zeros_like(missing)
            if self.config.energy:
                over, own = pooled[:, 6:9], overview.energy.sky_share.detach()
                # a sky's density is sure of its sun; what the backbone learned in rooms would only move it
                detail = detail * (1 - own.view(-1, 1, 1, 1))
                density = gathered(overview.density.detach(), detail, over, panorama=view.panorama)
                surplus, keep, missing = _shared_out(overview, over, log_gain, density, panorama=view.panorama)
        low = Low(log_gain, surplus, guide, keep, own)
        return Guidance(overview.curve, overview.camera, overview.light, low, missing, view.panorama)

    def _seen(self, seen: Tensor, mask: Tensor, *, panorama: bool, twice: bool) -> tuple[Tensor, ...]:
        """Log gain (N, 3, h, w), detail (N, 1, h, w) and features for the kernels (N, G, h, w), in float32.

        twice: the mean of what the photo and its mirror image say: where they differ, they do by chance.
        """
        if twice:
            seen, mask = (torch.cat([x, x.flip(-1)]) for x in (seen, mask))
        features = functional.silu(self.backbone(seen, mask, panorama=panorama))
        with torch.autocast(features.device.type, enabled=False):
            said = tuple(head(features.float(), panorama=panorama) for head in (self.gain, self.detail, self.guide))
        if not twice:
            return said
        return tuple((photo + mirrored.flip(-1)) / 2 for photo, mirrored in (x.chunk(2) for x in said))

    def restore(self, code: Tensor, guidance: Guidance, rows: Tensor, columns: Tensor, size: tuple[int, int]) -> Tensor:
        """The light part: radiance of a tile.

        code: (N, 3, h + 2 halo, w + 2 halo) code values of the tile with its halo; rows (h + 2 halo,), columns (w + 2 halo,):
        their pixel indices in the photo of `size` (H, W), beyond its edge where the halo is. Returns (N, 3, h, w), linear,
        1.0 = the photo's white.
        """
        low = torch.cat([guidance.low.log_gain, guidance.low.surplus, guidance.low.features], 1)
        low = sample_grid(low, rows, columns, size, panorama=guidance.panorama)
        spatial, channel, added = self._kernels(code, low, guidance.low)
        radiance = preliminary(code, srgb_decode(code), guidance.curve)
        centre = _inner(radiance, self.halo)
        if spatial is None:
            return channel * centre
        light = self._applied(_inner(radiance, self.halo - self.reach), spatial, channel)
        return given_back(light, channel, added, centre)

    def _kernels(self, code: Tensor, low: Tensor, whole: Low) -> tuple[Tensor | None, Tensor, Tensor]:
        code, low = (_inner(x, self.halo - self.heads.halo) for x in (code, low))
        mask = soft_mask(code)
        over = mask[:, :3]
        if self.config.mask == "none":
            mask, over = torch.zeros_like(mask), torch.ones_like(over)
        return self.heads(code, mask, over, Low(low[:, :3], low[:, 3:6], low[:, 6:], whole.keep, whole.own))

    def _applied(self, radiance: Tensor, spatial: Tensor, channel: Tensor) -> Tensor:
        """The kernels of all scales applied. spatial (N, groups, scales * K * K, h, w)."""
        n, groups = spatial.shape[:2]
        parts = []
        for dilation, weights in zip(self.config.dilations, spatial.chunk(len(self.config.dilations), 2), strict=True):
            source = _inner(radiance, self.reach - dilation * (self.config.kernel_size // 2))
            source = source.reshape(n * groups, -1, *source.shape[-2:])
            gains = channel.reshape(n * groups, -1, *channel.shape[-2:])
            parts.append(kernel_apply(source, weights.flatten(0, 1), gains, border="valid", dilation=dilation).view_as(channel))
        return torch.stack(parts).sum(0) if len(parts) > 1 else parts[0]

    def forward(self, code: Tensor, *, panorama: bool, camera: Tensor | None = None) -> Restored:
        """Whole photos, (N, 3, H, W) code values in [0, 1]: for training."""
        height, width = code.shape[-2:]
        view = look(code, panorama=panorama)
        overview = self.overview(view, camera)
        guidance = settled(self.guidance(view, overview), glow(code, glow_size(height, width)))
        rows = torch.arange(-self.halo, height + self.halo, device=code.device)
        columns = torch.arange(-self.halo, width + self.halo, device=code.device)
        padded = pad(code, self.halo, panorama=panorama)
        return Restored(self.restore(padded, guidance, rows, columns, (height, width)), overview)


def _inner(x: Tensor, margin: int) -> Tensor:
    return x[..., margin:-margin, margin:-margin] if margin else x
