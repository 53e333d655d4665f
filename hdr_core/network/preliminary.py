"""The preliminary module: undoes the camera's curve, pixel by pixel, conditioned on the whole picture.

Photos under the plain sRGB curve are told from others, and decoded exactly. For the others the module estimates a monotone
curve, as increments of log radiance between knots, relative to those of sRGB; white stays at 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .curve import srgb_decode
from .view import View

KNOTS = 20  # the knots' code values are (k / KNOTS)^2, denser toward black
BINS = 32


@dataclass(frozen=True)
class Curve:
    """The estimated response of N photos.

    camera: (N,) logit of "this is not the plain sRGB curve"; offset: (N, KNOTS + 1) log of the radiance at each knot over that
    under sRGB, 0 at white.
    """

    camera: Tensor
    offset: Tensor

    def applied(self, use: Tensor) -> Curve:
        """The curve where `use` (N,) is 1, plain sRGB where it is 0. Without gradient: the curve is trained by itself."""
        return Curve(self.camera.detach(), self.offset.detach() * use[:, None])


def preliminary(code: Tensor, linear: Tensor, curve: Curve) -> Tensor:
    """Radiance under `curve`: (N, 3, H, W), from code values in [0, 1] and the same under sRGB, `linear`."""
    position = code.clamp(0, 1).sqrt() * KNOTS
    below = position.floor().clamp(max=KNOTS - 1)
    flat = below.long().flatten(1)
    first = curve.offset.gather(1, flat).view_as(code)
    second = curve.offset.gather(1, flat + 1).view_as(code)
    return linear * torch.exp(first + (second - first) * (position - below))


def _histogram(crops: Tensor) -> Tensor:
    """(N, 32, 3, 48, 48) code values to the soft histogram of each channel, (N, 3 * BINS), each bin times BINS."""
    values = crops.transpose(1, 2).flatten(2) * (BINS - 1)  # (N, 3, pixels)
    # a sum for each bin, not scatter_add: that one is not deterministic on a GPU
    bins = [(1 - (values - k).abs()).clamp(min=0).mean(2) for k in range(BINS)]
    return (BINS * torch.stack(bins, 2)).flatten(1)


class Preliminary(nn.Module):
    """Estimates the response curve of a photo from crops (noise, compression, edges), its histogram, and the whole view."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.texture = nn.Sequential(
            nn.Conv2d(3, width, 3),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, stride=2),
            nn.SiLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2),
            nn.SiLU(),
            nn.Conv2d(2 * width, 2 * width, 3, stride=2),
            nn.SiLU(),
        )
        self.scene = nn.Sequential(
            nn.AvgPool2d(4),
            nn.Conv2d(11, width, 3, stride=2),
            nn.SiLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2),
            nn.SiLU(),
        )
        self.decide = nn.Sequential(
            nn.Linear(2 * width * 3 + 3 * BINS, 4 * width),
            nn.SiLU(),
            nn.Linear(4 * width, 4 * width),
            nn.SiLU(),
            nn.Linear(4 * width, KNOTS),  # the decision, and the steps between the knots
        )
        last = self.decide[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        knots = (torch.arange(1, KNOTS + 1) / KNOTS) ** 2
        steps = srgb_decode(knots).log().diff()
        self.steps: Tensor
        self.register_buffer("steps", steps, persistent=False)

    def forward(self, view: View) -> Curve:
        # never in bfloat16: what tells one camera from another is finer than a code value
        with torch.autocast(view.crops.device.type, enabled=False):
            return self._forward(view.crops.float(), view.pooled.float())

    def _forward(self, crops: Tensor, pooled: Tensor) -> Curve:
        texture = self.texture(crops.flatten(0, 1) - 0.5).unflatten(0, crops.shape[:2]).transpose(1, 2).flatten(2)
        pooled = functional.pad(pooled, (16, 16, 16, 16), mode="replicate")  # so that the smallest view has an output
        scene = self.scene(pooled).mean((-2, -1))
        out = self.decide(torch.cat([texture.mean(2), texture.std(2), scene, _histogram(crops)], 1))
        # each step of log radiance is that of sRGB times a positive factor, so the curve is monotone
        change = self.steps * (torch.exp(1.5 * torch.tanh(out[:, 1:])) - 1)
        offset = -change.flip(1).cumsum(1).flip(1)
        offset = torch.cat([offset[:, :1], offset, torch.zeros_like(out[:, :1])], 1)
        return Curve(out[:, 0], offset)
