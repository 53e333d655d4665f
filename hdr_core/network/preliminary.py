"""The preliminary module: undoes the camera's curve, pixel by pixel, conditioned on the whole picture.

Photos under the plain sRGB curve are told from others (large ones by how they look at half their size, too), and decoded
exactly. For the others the module estimates a monotone curve, as increments of log radiance between knots, relative to those
of sRGB; white stays at 1. It bends the mean of measured responses (Eilertsen et al. 2017) and no more than a few smooth shapes
allow: a photo tells little of its curve, and a network that is free to draw one does worse than that mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import BLOCK_STATISTICS, block_statistics
from .curve import srgb_decode
from .view import View

KNOTS = 20  # the knots' code values are (k / KNOTS)^2, denser toward black
BINS = 32
DROPOUT, NOISE = 0.1, 0.1
MEAN_POWER, MEAN_SIGMA = 0.9, 0.6  # of the sigmoids that fit measured responses
SHAPES, BEND_WIDTH, BEND_DROPOUT = 4, 24, 0.3
LARGEST_STEP = 2.5  # natural log: a step of log radiance over that of sRGB


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


def _histogram(code: Tensor) -> Tensor:
    """(N, 3, ...) code values to the soft histogram of each channel, (N, 3 * BINS), each bin times BINS."""
    values = code.flatten(2) * (BINS - 1)  # (N, 3, pixels)
    # a sum for each bin, not scatter_add: that one is not deterministic on a GPU
    bins = [(1 - (values - k).abs()).clamp(min=0).mean(2) for k in range(BINS)]
    return (BINS * torch.stack(bins, 2)).flatten(1)


def _sigmoid_log(code: Tensor) -> Tensor:
    """Log radiance of code values under the mean sigmoid, code = (1 + sigma) x^power / (x^power + sigma)."""
    return (MEAN_SIGMA * code / (1 + MEAN_SIGMA - code)).log() / MEAN_POWER


class Preliminary(nn.Module):
    """Estimates the response curve of a photo: whether it is plain sRGB from crops (their blocks and histogram) and the whole
    view, else its bend from the histogram of the photo made small, and so the same at every size. What the view shows would
    only serve to learn by heart which scenes are how bright, and blocks are those of the camera only until a photo is resized.

    `fit_scale` has to be called once before training.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.scene = nn.Sequential(
            nn.AvgPool2d(4),
            nn.Conv2d(11, width, 3, stride=2),
            nn.SiLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2),
            nn.SiLU(),
        )
        self.decide = nn.Sequential(
            nn.Linear(BLOCK_STATISTICS + 2 * width + 3 * BINS, 4 * width),
            nn.SiLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(4 * width, 4 * width),
            nn.SiLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(4 * width, 1),
        )
        self.bend = nn.Sequential(
            nn.Dropout(BEND_DROPOUT),
            nn.Linear(3 * BINS, BEND_WIDTH),
            nn.SiLU(),
            nn.Dropout(BEND_DROPOUT),
            nn.Linear(BEND_WIDTH, SHAPES),
        )
        for head in (self.decide, self.bend):
            last = head[-1]
            assert isinstance(last, nn.Linear)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        knots = (torch.arange(1, KNOTS + 1) / KNOTS) ** 2
        steps = srgb_decode(knots).log().diff()
        middle = (torch.arange(KNOTS - 1) + 0.5) / (KNOTS - 1)
        shapes = torch.cos(torch.pi * torch.arange(SHAPES)[:, None] * middle)
        self.steps: Tensor
        self.usual: Tensor
        self.shapes: Tensor
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("steps", steps, persistent=False)
        self.register_buffer("usual", (_sigmoid_log(knots).diff() / steps).log(), persistent=False)
        self.register_buffer("shapes", shapes, persistent=False)
        self.register_buffer("mean", torch.zeros(BLOCK_STATISTICS))
        self.register_buffer("scale", torch.ones(BLOCK_STATISTICS))

    @torch.no_grad()
    def fit_scale(self, blocks: Tensor) -> None:
        """Take mean and scale of the statistics of blocks from those of many photos, (N, BLOCK_STATISTICS)."""
        self.mean.copy_(blocks.mean(0))
        self.scale.copy_(blocks.std(0).clamp(min=1e-3))

    def forward(self, view: View) -> Curve:
        # never in bfloat16: what tells one camera from another is finer than a code value
        with torch.autocast(view.crops.device.type, enabled=False):
            pooled = view.pooled.float()
            camera = self._camera(view.crops.float(), pooled)
            if view.halved is not None:
                camera = (camera + self._camera(view.halved.float(), pooled)) / 2
            return Curve(camera, self._offset(pooled[:, :3]))

    def decides_by(self, view: View) -> Tensor:
        """What `decide` goes by, (N, F) in float32."""
        return torch.cat(self._parts(view.crops.float(), view.pooled.float()), 1)

    def _parts(self, crops: Tensor, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Blocks, scene and histogram of photos."""
        pooled = functional.pad(pooled, (16, 16, 16, 16), mode="replicate")  # so that the smallest view has an output
        scene = self.scene(pooled).mean((-2, -1))
        blocks = ((block_statistics(crops) - self.mean) / self.scale).clamp(-6, 6)
        return blocks, scene, _histogram(crops.transpose(1, 2))

    def _camera(self, crops: Tensor, pooled: Tensor) -> Tensor:
        blocks, scene, histogram = self._parts(crops, pooled)
        if self.training:
            blocks = blocks + NOISE * torch.randn_like(blocks)
        return self.decide(torch.cat([blocks, scene, histogram], 1))[:, 0]

    def _offset(self, code: Tensor) -> Tensor:
        """Of `Curve`, from the code values of photos made small, (N, 3, h, w)."""
        bend = self.bend(_histogram(code)) @ self.shapes
        # each step of log radiance is that of sRGB times a positive factor, so the curve is monotone
        change = self.steps * (torch.exp((self.usual + bend).clamp(-LARGEST_STEP, LARGEST_STEP)) - 1)
        offset = -change.flip(1).cumsum(1).flip(1)
        return torch.cat([offset[:, :1], offset, torch.zeros_like(offset[:, :1])], 1)
