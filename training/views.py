"""Views of panoramas from elsewhere: the sphere turned about any axis, and perspective pictures of it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def _angles(count: int, low: float, high: float, device: torch.device) -> Tensor:
    """(count,) radians, even between two numbers of degrees."""
    return torch.deg2rad(torch.rand(count, device=device) * (high - low) + low)


def _rotation(yaw: Tensor, pitch: Tensor, roll: Tensor) -> Tensor:
    """(N, 3, 3): roll about the view's axis (y), then pitch (up is positive), then yaw about the vertical (z)."""
    zero, one = torch.zeros_like(yaw), torch.ones_like(yaw)

    def matrix(*rows: Tensor) -> Tensor:
        return torch.stack(rows, -1).unflatten(-1, (3, 3))

    cy, sy, cp, sp, cr, sr = yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin(), roll.cos(), roll.sin()
    about_z = matrix(cy, -sy, zero, sy, cy, zero, zero, zero, one)
    about_x = matrix(one, zero, zero, zero, cp, -sp, zero, sp, cp)
    about_y = matrix(cr, zero, sr, zero, one, zero, -sr, zero, cr)
    return about_z @ about_x @ about_y


def _sampled(batch: Tensor, toward: Tensor) -> Tensor:
    """Bilinear values of equirectangular pictures (N, 3, H, W) in the directions `toward` (N, h, w, 3): x right, y ahead (the
    picture's middle), z up.
    """
    width = batch.shape[-1]
    x, y, z = toward.unbind(-1)
    across = torch.atan2(x, y) / torch.pi * width / (width + 2)  # one column is repeated on each side, so that it wraps
    down = -torch.asin(z.clamp(-1, 1)) / (torch.pi / 2)
    wrapped = torch.cat([batch[..., -1:], batch, batch[..., :1]], -1)
    grid = torch.stack([across, down], -1)
    return functional.grid_sample(wrapped, grid, mode="bilinear", padding_mode="border", align_corners=False)


def rotated(batch: Tensor, degrees: float) -> Tensor:
    """Equirectangular radiance (N, 3, H, W) turned by any yaw, and by up to `degrees` of pitch and of roll."""
    n, _, height, width = batch.shape
    device = batch.device
    turn = _rotation(*(_angles(n, -limit, limit, device) for limit in (180.0, degrees, degrees)))
    up = torch.pi / 2 - (torch.arange(height, device=device) + 0.5) / height * torch.pi
    around = ((torch.arange(width, device=device) + 0.5) / width * 2 - 1) * torch.pi
    up, around = torch.meshgrid(up, around, indexing="ij")
    toward = torch.stack([up.cos() * around.sin(), up.cos() * around.cos(), up.sin()], -1)
    return _sampled(batch, torch.einsum("nij,hwj->nhwi", turn, toward))


def perspective(batch: Tensor, size: tuple[int, int], field: tuple[float, float]) -> Tensor:
    """Perspective pictures (N, 3, h, w) of equirectangular radiance (N, 3, H, W).

    field: the least and the largest horizontal field of view, degrees; any yaw, pitch -25 to 45, roll up to 5 degrees.
    """
    n, device = len(batch), batch.device
    h, w = size
    turn = _rotation(_angles(n, -180, 180, device), _angles(n, -25, 45, device), _angles(n, -5, 5, device))
    half = torch.tan(_angles(n, *field, device) / 2)[:, None, None]
    right = ((torch.arange(w, device=device) + 0.5) / w * 2 - 1) * half
    above = (1 - (torch.arange(h, device=device) + 0.5) / h * 2)[:, None] * half * h / w
    toward = torch.stack(torch.broadcast_tensors(right, torch.ones_like(half), above), -1)
    toward = torch.einsum("nij,nhwj->nhwi", turn, functional.normalize(toward, dim=-1))
    return _sampled(batch, toward)
