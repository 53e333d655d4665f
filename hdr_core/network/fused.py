"""The network's light part, and its first look at a photo, as CUDA kernels of our own: each in one pass over the photo.

They do what `Network.restore` and `view.pool` do in plain torch, the convolutions in half precision, with no compiler and
nothing of a photo's size in memory beside code values and radiance.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from ..kernel_apply import has_kernels
from ..kernel_apply.driver import launch
from .kernel_heads import OWN_LOGIT
from .padding import grid_around

if TYPE_CHECKING:
    from .kernel_heads import KernelHeads
    from .model import Guidance, NetworkConfig

HALO = 4 // 2  # pixels around a tile that the kernel reads
_FORM = {"kernels": "decoupled", "mask": "soft", "kernel_size": 5, "guidance": 12, "head_width": 24, "dilations": (1,)}
_TILE, _THREADS = 16, 256
_INPUTS, _WIDTH, _TAPS = 24, 24, 25
_VIEWED = {torch.float32: "float32", torch.uint8: "uint8", torch.uint16: "uint16"}


def fits(config: NetworkConfig, device: torch.device) -> bool:
    """Whether the kernels know a network of this form, and run on `device`."""
    return all(getattr(config, name) == value for name, value in _FORM.items()) and has_kernels(device)


class _LightShape(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("height", "width", "tiles_across", "first_row", "first_column")),
        *((name, ctypes.c_float) for name in ("row_scale", "column_scale")),
        *((name, ctypes.c_int) for name in ("low_height", "low_width", "margin")),
    )


class _ViewShape(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("height", "width", "channel_step", "row_step", "pixel_step")),
        *((name, ctypes.c_int) for name in ("rows", "columns")),
        ("white", ctypes.c_float),
    )


def _launch(name: str, blocks: int, tensors: list[Tensor], shape: ctypes.Structure) -> None:
    device = tensors[0].device.index
    stream = torch.cuda.current_stream(device).cuda_stream
    launch(name, device, stream, blocks, (_THREADS, 1), [*(ctypes.c_void_p(t.data_ptr()) for t in tensors), shape])


def _convolution(weight: Tensor) -> Tensor:
    """(24, C, 3, 3) as the kernel's right sides: for each 16 of 9 x 24 inputs and each 8 outputs, what each lane holds."""
    weight = functional.pad(weight.permute(0, 2, 3, 1), (0, _INPUTS - weight.shape[1])).flatten(1)
    weight = functional.pad(weight, (0, -weight.shape[1] % 16)).half()
    return weight.view(_WIDTH // 8, 8, -1, 2, 4, 2).permute(2, 0, 1, 4, 3, 5).contiguous()


def _heads(heads: KernelHeads) -> tuple[Tensor, Tensor]:
    """Both heads as one product with 32 outputs: the taps, and each channel's gain where a lane of its own finds it."""
    spatial, channel = heads.spatial, heads.channel
    assert spatial is not None
    assert spatial.bias is not None
    assert channel.bias is not None
    weight, bias = channel.weight.new_zeros(32, 32), channel.weight.new_zeros(32)
    weight[:_TAPS, :_WIDTH], bias[:_TAPS] = spatial.weight.flatten(1), spatial.bias
    weight[26::2, :_WIDTH], bias[26::2] = channel.weight.flatten(1), channel.bias
    return weight.half().view(4, 8, 2, 2, 4, 2).permute(0, 1, 4, 2, 3, 5).contiguous(), bias


class LightWeights:
    """The kernel heads as the kernel reads them, made once for all photos. For networks that `fits` allows."""

    def __init__(self, heads: KernelHeads) -> None:
        head_weights, head_bias = _heads(heads)
        self.weights = [_convolution(heads.first.weight), _convolution(heads.second.weight), head_weights]
        self.biases = torch.cat([heads.first.bias, heads.second.bias, head_bias]).float()  # type: ignore[list-item]
        self.centre = len(self.biases) - len(head_bias) + _TAPS // 2  # of the spatial kernel


class LightPart:
    """The light part for one photo of `size` (H, W), made once for all of its tiles."""

    def __init__(self, heads: LightWeights, guidance: Guidance, size: tuple[int, int]) -> None:
        low = guidance.low
        cells = [functional.pad(x, (0, 0, 0, 0, 0, 1)) for x in (low.log_gain.float(), low.surplus.float())]
        around, self._margin, self._scales = grid_around(
            torch.cat([*cells, low.features.float()], 1), size, panorama=guidance.panorama
        )
        self._low_size = around.shape[-2:]
        self._low = around.permute(0, 2, 3, 1).contiguous()
        self._offset, self._keep = guidance.curve.offset.float().contiguous(), low.keep.float().contiguous()
        self._weights, self._biases = heads.weights, heads.biases.repeat(len(low.own), 1)
        self._biases[:, heads.centre] += OWN_LOGIT * low.own.float()

    def restore(self, code: Tensor, row: int, column: int) -> Tensor:
        """Radiance (N, 3, h, w) of a tile, linear, 1.0 = the photo's white.

        code: (N, 3, h + 2 HALO, w + 2 HALO) code values of the tile with its halo, float32; row, column: of its first pixel,
        without the halo, in the photo.
        """
        code = code.float().contiguous()
        height, width = code.shape[-2] - 2 * HALO, code.shape[-1] - 2 * HALO
        out = code.new_empty(len(code), 3, height, width)
        down, across = -(-height // _TILE), -(-width // _TILE)
        shape = _LightShape(height, width, across, row - HALO, column - HALO, *self._scales, *self._low_size, self._margin)
        for n in range(len(code)):
            tensors = [code[n], self._low[n], self._offset[n], self._keep[n], *self._weights, self._biases[n], out[n]]
            _launch("light", down * across, tensors, shape)
        return out


def pool(photo: Tensor, size: tuple[int, int], white: float) -> Tensor:
    """As `view.pool`, of a photo (3, H, W) of any strides, uint8, uint16 or float32 codes up to `white`: (1, 11, h, w)."""
    return _viewed("view", 11, _THREADS // 32, photo, size, white)


def glow(photo: Tensor, size: tuple[int, int], white: float) -> Tensor:
    """As `glow.glow`, of a photo as in `pool`: (1, 3, h, w)."""
    return _viewed("glow", 3, _THREADS, photo, size, white)


def _viewed(kernel: str, channels: int, cells: int, photo: Tensor, size: tuple[int, int], white: float) -> Tensor:
    """cells: how many of them a block of the kernel looks at."""
    out = torch.empty(1, channels, *size, device=photo.device)
    channel, row, pixel = photo.stride()
    shape = _ViewShape(*photo.shape[-2:], channel, row, pixel, *size, white)
    _launch(f"{kernel}_{_VIEWED[photo.dtype]}", -(-size[0] * size[1] // cells), [photo, out], shape)
    return out
