"""kernel_apply as an operator of torch, and its public face: shapes are checked here, the fastest way that fits is taken."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor

from ..device import is_out_of_memory
from . import cuda, reference
from .driver import DriverError

Border = Literal["sphere", "clamp", "valid"]
_NAME = "ldr_to_hdri::kernel_apply"
_INPUTS = "Tensor source, Tensor spatial, Tensor channel, str border, int dilation"


@torch.library.custom_op(_NAME, mutates_args=(), schema=f"({_INPUTS}) -> Tensor")
def _operator(source: Tensor, spatial: Tensor, channel: Tensor, border: str, dilation: int) -> Tensor:
    return reference.forward(source, spatial, channel, border, dilation)


@torch.library.custom_op(f"{_NAME}_backward", mutates_args=(), schema=f"(Tensor grad, {_INPUTS}) -> (Tensor, Tensor, Tensor)")
def _backward_operator(
    grad: Tensor, source: Tensor, spatial: Tensor, channel: Tensor, border: str, dilation: int
) -> tuple[Tensor, Tensor, Tensor]:
    return reference.backward(grad, source, spatial, channel, border, dilation)


_operator.register_kernel("cuda")(cuda.forward)
_backward_operator.register_kernel("cuda")(cuda.backward)


@_operator.register_fake
def _(source: Tensor, spatial: Tensor, channel: Tensor, border: str, dilation: int) -> Tensor:
    return torch.empty_like(channel, memory_format=torch.contiguous_format)


@_backward_operator.register_fake
def _(
    grad: Tensor, source: Tensor, spatial: Tensor, channel: Tensor, border: str, dilation: int
) -> tuple[Tensor, Tensor, Tensor]:
    one, two, three = (torch.empty_like(t, memory_format=torch.contiguous_format) for t in (source, spatial, channel))
    return one, two, three


def _keep(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, str, int], output: Tensor) -> None:
    *tensors, ctx.border, ctx.dilation = inputs
    ctx.save_for_backward(*tensors)


def _gradients(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    return (*_backward_operator(grad, *ctx.saved_tensors, ctx.border, ctx.dilation), None, None)


_operator.register_autograd(_gradients, setup_context=_keep)


@cache
def has_kernels(device: torch.device) -> bool:
    """Whether our own kernels run on `device`: NVIDIA only, AMD's torch calls itself CUDA too."""
    if device.type != "cuda" or torch.version.hip is not None:
        return False
    some = torch.zeros(1, 1, 1, 1, device=device)
    try:
        cuda.forward(some, some, some, "clamp", 1)
    except DriverError as error:
        if is_out_of_memory(error):
            raise  # not for good, as the answer would be
        return False
    return True


def kernel_apply(
    preliminary: Tensor, spatial: Tensor, channel: Tensor, *, border: Border = "clamp", dilation: int = 1
) -> Tensor:
    """Decoupled kernels: `out[c, p] = channel[c, p] * sum_k spatial[k, p] * preliminary[c, p + k]`.

    preliminary: (N, C, H, W); with border "valid" (N, C, H + 2 r, W + 2 r), where r = dilation * (K // 2).
    spatial: (N, K * K, H, W), K odd, rows first; shared by the channels.
    channel: (N, C, H, W), the gain of each channel.
    border: what lies beyond the edge: "sphere" wraps in longitude and crosses the poles, "clamp" repeats the edge,
        "valid" reads nothing beyond `preliminary`, which the caller has padded.
    Returns (N, C, H, W) in the type of `preliminary`; sums are float32 on CUDA, whatever the type. CUDA kernels of our own run
    K = 1, 3, 5, 7 of up to 8 channels in float32, float16 and bfloat16; everything else is plain torch.
    Raises ValueError, naming the tensor, on shapes that do not fit, and TypeError on types or devices that differ.
    """
    count = spatial.shape[1] if spatial.dim() == 4 else 0
    size = round(count**0.5)
    if size * size != count or size % 2 == 0:
        raise ValueError(f"spatial must be (N, K * K, H, W) with K odd, not {tuple(spatial.shape)}")
    if dilation < 1:
        raise ValueError(f"dilation must be at least 1, not {dilation}")
    if border not in cuda.BORDERS:
        raise ValueError(f"border must be one of {', '.join(cuda.BORDERS)}, not {border!r}")
    if channel.dim() != 4:
        raise ValueError(f"channel must be (N, C, H, W), not {tuple(channel.shape)}")
    height, width = spatial.shape[-2:]
    outer = 2 * dilation * (size // 2) if border == "valid" else 0
    expected = (spatial.shape[0], channel.shape[1], height + outer, width + outer)
    if tuple(preliminary.shape) != expected:
        raise ValueError(f"preliminary must be {expected}, not {tuple(preliminary.shape)}")
    if tuple(channel.shape) != (expected[0], expected[1], height, width):
        raise ValueError(f"channel must be {(expected[0], expected[1], height, width)}, not {tuple(channel.shape)}")
    for name, tensor in (("spatial", spatial), ("channel", channel)):
        if (tensor.dtype, tensor.device) != (preliminary.dtype, preliminary.device):
            raise TypeError(
                f"{name} is {tensor.dtype} on {tensor.device}, but preliminary {preliminary.dtype} on {preliminary.device}"
            )
    fits = size in cuda.SIZES and channel.shape[1] <= cuda.LARGEST_CHANNELS and preliminary.dtype in cuda.TYPES
    if fits and has_kernels(preliminary.device):
        return _operator(preliminary, spatial, channel, border, dilation)
    return reference.forward(preliminary, spatial, channel, border, dilation)
