"""How bright clipped pixels truly are: an ensemble of small networks, pixel by pixel, whose light adds up to the photo's total.

A photo's clipped light is a sum over its lamps, windows and suns. Networks that see each pixel, and what the photo shows as a
whole, and whose pixels add up, learn more from few panoramas than such that see the photo as a whole alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import place, scene, statistics
from .statistics import area, luminance

MEMBERS, WIDTH, DROPOUT, NOISE = 8, 64, 0.1, 0.1
WHOLE = statistics.COUNT + scene.COUNT  # numbers of the photo as a whole
HALVINGS, WIDER = 3, (1, 2, 4)  # of half the working resolution, as in `place`
COUNT = 3 * (1 + HALVINGS + len(WIDER)) + 18  # features of a pixel
DIMMEST, BRIGHTEST = -1.0, 10.0  # natural log of a pixel's light over what the photo shows of it
LEARNT_FROM = 1024  # pixels of a photo, in training
_LEAST = 1e-9  # of the light that clipped pixels show


@dataclass(frozen=True)
class Clipped:
    """The clipped pixels of N photos at half the working resolution: features (N, COUNT, P), and the light that the photo shows
    of each, (N, P), 0 for pixels that are not clipped. scene (N, scene.COUNT): of the photo as a whole.
    """

    features: Tensor
    shown: Tensor
    scene: Tensor

    def pixels(self) -> Tensor:
        """The features of the pixels that are clipped, of all photos, (P, COUNT)."""
        return self.features.transpose(1, 2)[self.shown > 0].float()


def clipped(radiance: Tensor, over: Tensor, *, panorama: bool) -> Clipped:
    """From preliminary radiance and over-exposure at working resolution, (N, 3, h, w) both."""
    whole = scene.scene(radiance, over, panorama=panorama)
    radiance, over = functional.avg_pool2d(radiance, 2), functional.avg_pool2d(over, 2)
    share = area(*radiance.shape[-2:], panorama=panorama, like=radiance)
    shown = (over.amax(1) * luminance(radiance) * share).flatten(1)
    seen = place.features(radiance, over, None, panorama=panorama, halvings=HALVINGS, wider=WIDER).flatten(2)
    if len(shown) == 1 and shown.device.type == "cpu":
        # the others do not count, and a processor is several times as fast; a GPU would have to wait for how many these are
        some = shown[0] > 0
        seen, shown = seen[:, :, some], shown[:, some]
    return Clipped(seen, shown, whole)


def drawn(seen: Clipped, often: Tensor, count: int) -> tuple[Clipped, Tensor]:
    """`count` pixels of each photo, by chance, each with the light of those that it stands for; and which, (N, count).

    often (N, P): how often a pixel is drawn, of any scale. What Emission says of them is what it says of all, but for chance.
    """
    often = often / often.sum(1, keepdim=True)
    chosen = torch.multinomial(often, count, replacement=True)
    features = seen.features.gather(2, chosen[:, None].expand(-1, seen.features.shape[1], -1))
    shown = seen.shown.gather(1, chosen) / (count * often.gather(1, chosen))
    return Clipped(features, shown, seen.scene), chosen


@dataclass(frozen=True)
class Said:
    """What each member says. log_ratio, log_scale (N, M): the log of the light of the clipped pixels over what the photo shows
    of them, and the log of the mean absolute error that it expects; pixels (M, N, P): the log ratio of each pixel.
    """

    log_ratio: Tensor
    log_scale: Tensor
    pixels: Tensor


class Emission(nn.Module):
    """The ensemble. `fit_scale` has to be called once before training."""

    def __init__(self) -> None:
        super().__init__()

        def weight(inputs: int, outputs: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(MEMBERS, inputs, outputs) * inputs**-0.5)

        def bias(outputs: int, value: float = 0.0) -> nn.Parameter:
            return nn.Parameter(torch.full((MEMBERS, 1, outputs), value))

        self.of_pixel, self.of_whole, self.second = weight(COUNT, WIDTH), weight(WHOLE, WIDTH), weight(WIDTH, WIDTH)
        self.first_bias, self.second_bias = bias(WIDTH), bias(WIDTH)
        self.last, self.last_bias = nn.Parameter(torch.zeros(MEMBERS, WIDTH, 1)), bias(1, 0.7)
        self.scale, self.scale_bias = nn.Parameter(torch.zeros(MEMBERS, WIDTH, 1)), bias(1)
        for name, count in (("pixel", COUNT), ("whole", WHOLE)):
            self.register_buffer(f"{name}_mean", torch.zeros(count))
            self.register_buffer(f"{name}_deviation", torch.ones(count))

    @torch.no_grad()
    def fit_scale(self, whole: Tensor, pixels: Tensor) -> None:
        """Take mean and scale from `whole` (N, WHOLE) of many photos, and from features of many clipped pixels, (P, COUNT)."""
        for name, seen in (("pixel", pixels), ("whole", whole)):
            getattr(self, f"{name}_mean").copy_(seen.mean(0))
            getattr(self, f"{name}_deviation").copy_(seen.std(0).clamp(min=0.02))

    def forward(self, numbers: Tensor, seen: Clipped) -> Said:
        """numbers (N, statistics.COUNT): the statistics of the photos."""
        x, whole = self._inputs(numbers, seen)
        n, count = seen.shown.shape
        of_whole = torch.baddbmm(self.first_bias, whole, self.of_whole)[:, :, None]
        x = torch.bmm(x, self.of_pixel).view(MEMBERS, n, count, WIDTH) + of_whole
        x = self._dropped(functional.silu(x)).flatten(1, 2)
        x = self._dropped(functional.silu(torch.baddbmm(self.second_bias, x, self.second)))
        pixels = torch.baddbmm(self.last_bias, x, self.last).view(MEMBERS, n, count).clamp(DIMMEST, BRIGHTEST)
        shown = seen.shown / (seen.shown.sum(1, keepdim=True) + _LEAST)
        mean = (shown[:, None] @ x.view(MEMBERS, n, count, WIDTH))[:, :, 0]
        # where nothing is clipped at all, the ratio is 1
        ratio = (shown * pixels.exp()).sum(2) + (1 - shown.sum(1))
        log_scale = torch.baddbmm(self.scale_bias, mean, self.scale)[..., 0]
        return Said(ratio.clamp(min=1e-3).log().T, log_scale.T, pixels)

    def _inputs(self, numbers: Tensor, seen: Clipped) -> tuple[Tensor, Tensor]:
        """Of unit scale for each member: features (M, N * P, COUNT), and the numbers of the whole (M, N, WHOLE)."""
        whole = torch.cat([numbers, seen.scene], 1)
        parts = (("pixel", seen.features.transpose(1, 2).flatten(0, 1)), ("whole", whole))
        return tuple(self._scaled(name, x).expand(MEMBERS, -1, -1) for name, x in parts)  # type: ignore[return-value]

    def _scaled(self, name: str, x: Tensor) -> Tensor:
        x = ((x.float() - getattr(self, f"{name}_mean")) / getattr(self, f"{name}_deviation")).clamp(-4, 4)
        return x + NOISE * torch.randn(MEMBERS, *x.shape, device=x.device) if self.training else x

    def _dropped(self, x: Tensor) -> Tensor:
        return functional.dropout(x, DROPOUT, self.training)
