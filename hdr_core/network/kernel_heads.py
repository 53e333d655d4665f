"""The kernel heads: per pixel a spatial kernel of K x K weights that the channels share, and a channel kernel of C gains.

They run at the photo's own resolution, on the photo's own code values and on guidance from the backbone, with two small
convolutions, so that any tile of the photo can be computed alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

LARGEST_LOG_GAIN = 12.5  # e^12.5 = 2^18: a sun over the photo's white, with room
IDENTITY_LOGIT = 5.0


class KernelHeads(nn.Module):
    """Two 3 x 3 convolutions without padding, then a 1 x 1 convolution for each kernel. They read `halo` pixels around."""

    halo = 2

    def __init__(self, guidance: int, kernel_size: int, width: int = 24, channels: int = 3) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.first = nn.Conv2d(channels + 4 + guidance + channels, width, 3)
        self.second = nn.Conv2d(width, width, 3)
        self.spatial = nn.Conv2d(width, kernel_size**2, 1)
        self.channel = nn.Conv2d(width, channels, 1)
        with torch.no_grad():
            for head in (self.spatial, self.channel):
                head.weight.mul_(0.1)
                head.bias.zero_()  # type: ignore[union-attr]
            self.spatial.bias[kernel_size**2 // 2] = IDENTITY_LOGIT  # type: ignore[index]

    def forward(self, code: Tensor, mask: Tensor, guidance: Tensor, log_gain: Tensor) -> tuple[Tensor, Tensor]:
        """Kernels of a tile of h x w pixels.

        code (N, 3, h + 4, w + 4), mask (N, 4, ...), guidance (N, G, ...) and log_gain (N, 3, ...): the tile with its halo.
        Returns spatial (N, K * K, h, w), normalised: sums to 1; channel (N, 3, h, w): a positive gain, exactly 1 where the soft
        mask says that the channel is well exposed.
        """
        x = torch.cat([code - 0.5, mask, guidance, 0.1 * log_gain], 1)
        x = functional.silu(self.second(functional.silu(self.first(x))))
        inner = slice(self.halo, -self.halo)
        with torch.autocast(x.device.type, enabled=False):  # a log gain of 11 in bfloat16 would be 6% off
            x = x.float()
            gain = self.channel(x) + log_gain.float()[..., inner, inner]
            gain = torch.exp(mask.float()[:, :3, inner, inner] * gain.clamp(max=LARGEST_LOG_GAIN))
            return torch.softmax(self.spatial(x), 1), gain
