"""The kernel heads: per pixel a spatial kernel of K x K weights that the channels share, and a channel kernel of C gains.

They run at the photo's own resolution, on the photo's own code values and on guidance from the backbone, with two small
convolutions, so that any tile of the photo can be computed alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from .statistics import luminance

Kernels = Literal["decoupled", "full", "direct"]
LARGEST_LOG_GAIN = 12.5  # e^12.5 = 2^18: a sun over the photo's white, with room
OWN_LOG_GAIN = 1.0  # how much of the log gain a pixel's own surroundings decide, at most
IDENTITY_LOGIT = 5.0
OWN_LOGIT = 30.0  # of a kernel's centre, where a pixel keeps to itself
LEAST_SURPLUS = 1e-12  # luminance


@dataclass(frozen=True)
class Low:
    """What the backbone says to each pixel, interpolated: log_gain (N, 3, h, w), surplus (N, 3, h, w), features (N, G, h, w);
    keep (N,): the share of the log gain's light that stays, in [0, 1]; own (N,): how far a pixel keeps to itself whatever the
    spatial kernel says, in [0, 1]: a kernel would thin out a sun of a few pixels.
    """

    log_gain: Tensor
    surplus: Tensor
    features: Tensor
    keep: Tensor
    own: Tensor


class KernelHeads(nn.Module):
    """Two 3 x 3 convolutions without padding, then a 1 x 1 convolution for each kernel. They read `halo` pixels around.

    kernels: "decoupled", as the paper has it; "full": a spatial kernel for each channel; "direct": none, only the gains.
    scales: how many dilations the spatial kernel has.
    """

    halo = 2

    def __init__(
        self,
        guidance: int,
        kernel_size: int,
        width: int = 24,
        channels: int = 3,
        kernels: Kernels = "decoupled",
        scales: int = 1,
    ) -> None:
        super().__init__()
        self.size, self.taps = kernel_size, scales * kernel_size**2
        self.first = nn.Conv2d(channels + 4 + guidance + channels, width, 3)
        self.second = nn.Conv2d(width, width, 3)
        self.channel = nn.Conv2d(width, channels, 1)
        self.groups = {"decoupled": 1, "full": channels, "direct": 0}[kernels]
        heads = [self.channel]
        self.spatial = nn.Conv2d(width, self.groups * self.taps, 1) if self.groups else None
        if self.spatial is not None:
            heads.append(self.spatial)
        with torch.no_grad():
            for head in heads:
                head.weight.mul_(0.1)
                head.bias.zero_()  # type: ignore[union-attr]
            if self.spatial is not None:
                centres = self.spatial.bias.view(self.groups, scales, -1)[..., kernel_size**2 // 2]  # type: ignore[union-attr]
                centres.fill_(IDENTITY_LOGIT)

    def forward(self, code: Tensor, mask: Tensor, over: Tensor, low: Low) -> tuple[Tensor | None, Tensor, Tensor]:
        """Kernels of a tile of h x w pixels.

        code (N, 3, h + 4, w + 4), mask (N, 4, ...), over (N, 3, ...: where gains may act) and `low`: the tile with its halo.
        Returns spatial (N, groups, scales * K * K, h, w), normalised: each group sums to 1, None for "direct"; channel
        (N, 3, h, w): a positive gain, exactly 1 where `over` is 0; and what of that gain is the surplus, (N, 3, h, w).
        """
        log_gain = low.log_gain.float()
        x = torch.cat([code - 0.5, mask, low.features, 0.1 * log_gain + 0.1 * torch.log1p(low.surplus)], 1)
        x = functional.silu(self.second(functional.silu(self.first(x))))
        inner = slice(self.halo, -self.halo)
        with torch.autocast(x.device.type, enabled=False):  # a log gain of 11 in bfloat16 would be 6% off
            x, over, log_gain, surplus = x.float(), *(t.float()[..., inner, inner] for t in (over, log_gain, low.surplus))
            # a pixel half way to white still shows something; one that is white does not, and the light is shared out already
            own = OWN_LOG_GAIN * 4 * (1 - over) * torch.tanh(self.channel(x))
            gain = torch.expm1(over * (own + log_gain).clamp(max=LARGEST_LOG_GAIN))
            added = over * surplus
            gain = 1 + low.keep.view(-1, 1, 1, 1) * gain + added
            if self.spatial is None:
                return None, gain, added
            logits = self.spatial(x).unflatten(1, (self.groups, -1, self.size**2))
            logits[..., self.size**2 // 2, :, :] += OWN_LOGIT * low.own.view(-1, 1, 1, 1, 1)
            return torch.softmax(logits.flatten(2, 3), 2), gain, added


def given_back(light: Tensor, gain: Tensor, added: Tensor, radiance: Tensor) -> Tensor:
    """`light` (N, 3, h, w), which the kernels made of `radiance` (N, 3, h, w), with the surplus at its full luminance.

    The colour of what lies around tells that of a lamp, so a surplus is filtered, too. But how much it is, is shared out
    already, and a kernel would take half of it from a lamp of a few pixels. gain, added: as `KernelHeads` says.
    """
    with torch.autocast(light.device.type, enabled=False):
        light, gain, added, radiance = (x.float() for x in (light, gain, added, radiance))
        filtered = light / gain
        whole, left = (luminance(added * x)[:, None] for x in (radiance, filtered))
        return light + filtered * added * (whole / left.clamp(min=LEAST_SURPLUS) - 1)
