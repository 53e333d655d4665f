"""The meaning of kernel_apply, in plain torch: CPU, Apple and AMD run it, every faster version is compared with it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..network.padding import pad, sphere_index


def _padded(source: Tensor, radius: int, border: str) -> Tensor:
    height, width = source.shape[-2:]
    if border == "valid" or radius == 0:
        return source
    if border == "clamp" or radius <= min(height, width):
        return pad(source, radius, panorama=border == "sphere")
    return source.flatten(2)[..., _origin(height, width, radius, border, source.device)].unflatten(2, (height + 2 * radius, -1))


def _origin(height: int, width: int, radius: int, border: str, device: torch.device) -> Tensor:
    """The pixel that each place of the padded picture shows, ((H + 2 radius) * (W + 2 radius),), as an index into H * W."""
    rows, columns = (torch.arange(-radius, side + radius, device=device) for side in (height, width))
    if border == "sphere":
        row, straight, turned = sphere_index(rows, columns, height, width)
        column = torch.where((rows % (2 * height) >= height)[:, None], turned, straight)
    else:
        row, column = rows.clamp(0, height - 1), columns.clamp(0, width - 1).expand(len(rows), -1)
    return (row[:, None] * width + column).flatten()


def _taps(spatial: Tensor, dilation: int) -> Iterator[tuple[Tensor, slice, slice]]:
    """Each weight of the kernels, (N, 1, H, W), and the part of the padded source that it multiplies."""
    height, width = spatial.shape[-2:]
    size = round(spatial.shape[1] ** 0.5)
    for k, weight in enumerate(spatial.unbind(1)):
        y, x = dilation * (k // size), dilation * (k % size)
        yield weight[:, None], slice(y, y + height), slice(x, x + width)


def forward(source: Tensor, spatial: Tensor, channel: Tensor, border: str, dilation: int) -> Tensor:
    """See `kernel_apply`."""
    padded = _padded(source, dilation * (round(spatial.shape[1] ** 0.5) // 2), border)
    total = source.new_zeros(())
    for weight, rows, columns in _taps(spatial, dilation):
        total = total + weight * padded[:, :, rows, columns]
    return channel * total


def backward(
    grad: Tensor, source: Tensor, spatial: Tensor, channel: Tensor, border: str, dilation: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of source, spatial and channel; grad (N, C, H, W) is that of the result."""
    radius = dilation * (round(spatial.shape[1] ** 0.5) // 2)
    padded = _padded(source, radius, border)
    grad_padded, inner = torch.zeros_like(padded), grad * channel
    slopes, total = [], torch.zeros_like(channel)
    for weight, rows, columns in _taps(spatial, dilation):
        seen = padded[:, :, rows, columns]
        total = total + weight * seen
        slopes.append((inner * seen).sum(1))
        grad_padded[:, :, rows, columns] += inner * weight
    if border == "valid" or radius == 0:
        grad_source = grad_padded
    else:
        origin = _origin(source.shape[-2], source.shape[-1], radius, border, source.device)
        grad_source = torch.zeros_like(source).flatten(2).index_add_(2, origin, grad_padded.flatten(2)).view_as(source)
    return grad_source, torch.stack(slopes, 1), grad * total
