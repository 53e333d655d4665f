"""The network's light part for a processor: in chunks that fit its caches, in the layouts that its libraries are fast in.

It does what `Network.restore` does, in another order: the convolutions see their channels side by side, both heads are one
product, and gains are looked at only where something clipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from .curve import srgb_decode
from .kernel_heads import LARGEST_LOG_GAIN, LEAST_SURPLUS, OWN_LOG_GAIN, OWN_LOGIT
from .padding import grid_around
from .preliminary import preliminary
from .soft_mask import over_exposed, under_exposed
from .statistics import luminance

if TYPE_CHECKING:
    from .kernel_heads import KernelHeads
    from .model import Guidance, NetworkConfig

HALO = 2  # pixels around a tile that are read
CHUNK = 64, 512  # rows and columns: 24 features of that many pixels are 3 MB
_FORM = {"kernels": "decoupled", "mask": "soft", "kernel_size": 5, "dilations": (1,)}
_TAPS, _SIDE = 25, 5


def fits(config: NetworkConfig, device: torch.device) -> bool:
    """Whether a network of this form can take this way, on `device`."""
    return device.type == "cpu" and all(getattr(config, name) == value for name, value in _FORM.items())


class ChunkedLight:
    """The light part for one photo of `size` (H, W), made once for all of its tiles. For networks that `fits` allows."""

    def __init__(self, heads: KernelHeads, guidance: Guidance, size: tuple[int, int]) -> None:
        spatial, channel = heads.spatial, heads.channel
        assert spatial is not None
        assert spatial.bias is not None
        assert channel.bias is not None
        low = torch.cat([guidance.low.features, guidance.low.log_gain, guidance.low.surplus], 1).float()
        self._low, self._margin, self._scales = grid_around(low, size, panorama=guidance.panorama)
        self._curve, self._keep = guidance.curve, guidance.low.keep.float().view(-1, 1, 1)
        side_by_side = torch.channels_last
        self._first = heads.first.weight.contiguous(memory_format=side_by_side), heads.first.bias
        self._second = heads.second.weight.contiguous(memory_format=side_by_side), heads.second.bias
        self._heads = torch.cat([spatial.weight, channel.weight]).flatten(1)
        self._heads_bias = torch.cat([spatial.bias, channel.bias])[:, None]
        self._heads_bias[_TAPS // 2] += OWN_LOGIT * guidance.low.own.float()

    def restore(self, code: Tensor, row: int, column: int) -> Tensor:
        """Radiance (1, 3, h, w) of a tile, linear, 1.0 = the photo's white.

        code: (1, 3, h + 2 HALO, w + 2 HALO) code values of the tile with its halo, float32; row, column: of its first pixel,
        without the halo, in the photo.
        """
        height, width = code.shape[-2] - 2 * HALO, code.shape[-1] - 2 * HALO
        out = code.new_empty(1, 3, height, width)
        for y in range(0, height, CHUNK[0]):
            for x in range(0, width, CHUNK[1]):
                h, w = min(CHUNK[0], height - y), min(CHUNK[1], width - x)
                part = code[..., y : y + h + 2 * HALO, x : x + w + 2 * HALO]
                self._restore(part, row + y, column + x, out[0, :, y : y + h, x : x + w])
        return out

    def _restore(self, code: Tensor, row: int, column: int, out: Tensor) -> None:
        h, w = out.shape[-2:]
        said = self._sampled(row - HALO, column - HALO, h + 2 * HALO, w + 2 * HALO)
        features, log_gain, surplus = said[:-6], said[-6:-3], said[-3:]
        over = over_exposed(code)
        x = torch.cat(
            [code[0] - 0.5, over[0], under_exposed(code)[0], features, log_gain.add(torch.log1p(surplus)).mul_(0.1)], 0
        )[None].contiguous(memory_format=torch.channels_last)
        x = functional.silu(functional.conv2d(x, *self._first), inplace=True)
        x = functional.silu(functional.conv2d(x, *self._second), inplace=True)
        x = torch.addmm(self._heads_bias, self._heads, x.permute(0, 2, 3, 1).reshape(h * w, -1).t())
        spatial = torch.softmax(x[:_TAPS], 0).view(_TAPS, h, w)
        radiance = preliminary(code, srgb_decode(code), self._curve)[0]
        out.zero_()
        for k, weight in enumerate(spatial):
            top, left = divmod(k, _SIDE)
            out.addcmul_(radiance[:, top : top + h, left : left + w], weight)
        over, log_gain, surplus = (t[..., HALO:-HALO, HALO:-HALO] for t in (over[0], log_gain, surplus))
        if over.any():
            own = OWN_LOG_GAIN * 4 * (1 - over) * torch.tanh(x[_TAPS:].view(3, h, w))
            gain = torch.expm1(over * (own + log_gain).clamp_(max=LARGEST_LOG_GAIN)).mul_(self._keep).add_(1)
            added = over * surplus
            centre = radiance[:, HALO:-HALO, HALO:-HALO]
            # as `given_back` has it
            whole, filtered = (luminance((added * light)[None]) for light in (centre, out))
            out.mul_(gain.addcmul_(added, whole / filtered.clamp_(min=LEAST_SURPLUS)))

    def _sampled(self, row: int, column: int, height: int, width: int) -> Tensor:
        """What the backbone says to `height` x `width` pixels of the photo, (C, height, width), as `sample_grid` has it."""
        above, down = self._places(row, height, 0)
        left, across = self._places(column, width, 1)
        top, start, end = int(above[0]), int(left[0]), int(left[-1]) + 2
        low = self._low[0, :, top : int(above[-1]) + 2, start:end]
        index = (left - start)[:, None]
        columns = (
            low.new_zeros(width, end - start).scatter_(1, index, 1 - across[:, None]).scatter_(1, index + 1, across[:, None])
        )
        low, above = low @ columns.t(), above - top
        return torch.lerp(low.index_select(1, above), low.index_select(1, above + 1), down[:, None])

    def _places(self, first: int, count: int, axis: int) -> tuple[Tensor, Tensor]:
        """Along an axis, the cell at or before each of `count` pixels, (count,), and how far it is on its way to the next."""
        cells = self._low.shape[2 + axis]
        position = (torch.arange(first, first + count) + 0.5) * self._scales[axis] - 0.5 + self._margin
        position = position.clamp_(0, cells - 1)
        below = position.floor().clamp_(max=cells - 2)
        return below.long(), position - below
