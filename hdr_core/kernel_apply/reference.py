"""The meaning of kernel_apply, in plain torch: CPU, Apple and AMD run it, every faster version is compared with it."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from ..network.padding import pad

Border = Literal["sphere", "clamp", "valid"]


def kernel_apply(
    preliminary: Tensor, spatial: Tensor, channel: Tensor, *, border: Border = "clamp", dilation: int = 1
) -> Tensor:
    """Decoupled kernels: `out[c, p] = channel[c, p] * sum_k spatial[k, p] * preliminary[c, p + k]`.

    preliminary: (N, C, H, W); with border "valid" (N, C, H + 2 r, W + 2 r), where r = dilation * (K // 2).
    spatial: (N, K * K, H, W), K odd, rows first; shared by the channels.
    channel: (N, C, H, W), the gain of each channel.
    border: what lies beyond the edge: "sphere" wraps in longitude and crosses the poles, "clamp" repeats the edge,
        "valid" reads nothing beyond `preliminary`, which the caller has padded.
    Returns (N, C, H, W) in the type of `preliminary`. Raises ValueError, naming the tensor, on shapes that do not fit.
    """
    count = spatial.shape[1] if spatial.dim() == 4 else 0
    size = round(count**0.5)
    if size * size != count or size % 2 == 0:
        raise ValueError(f"spatial must be (N, K * K, H, W) with K odd, not {tuple(spatial.shape)}")
    if dilation < 1:
        raise ValueError(f"dilation must be at least 1, not {dilation}")
    radius = dilation * (size // 2)
    height, width = spatial.shape[-2:]
    outer = 2 * radius if border == "valid" else 0
    expected = (spatial.shape[0], channel.shape[1], height + outer, width + outer)
    if tuple(preliminary.shape) != expected:
        raise ValueError(f"preliminary must be {expected}, not {tuple(preliminary.shape)}")
    if tuple(channel.shape) != (expected[0], expected[1], height, width):
        raise ValueError(f"channel must be {(expected[0], expected[1], height, width)}, not {tuple(channel.shape)}")
    source = preliminary if border == "valid" else pad(preliminary, radius, panorama=border == "sphere")
    total = preliminary.new_zeros(())
    for k, weight in enumerate(spatial.unbind(1)):
        y, x = dilation * (k // size), dilation * (k % size)
        total = total + weight[:, None] * source[:, :, y : y + height, x : x + width]
    return channel * total
