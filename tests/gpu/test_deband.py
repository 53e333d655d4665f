"""Debanding by our CUDA kernels, against plain torch. Skipped where there is no NVIDIA GPU."""

from __future__ import annotations

import pytest
import torch

from hdr_core import deband
from hdr_core.kernel_apply import has_kernels

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available() or not has_kernels(torch.device("cuda", 0)), reason="no NVIDIA GPU on this machine"
)


@pytest.mark.parametrize(("height", "width"), [(5, 9), (16, 40), (90, 200), (301, 513)])
def test_it_is_plain_torch_bit_for_bit(height, width):
    torch.manual_seed(height)
    margin = deband.halo(height)
    y, x = torch.meshgrid(torch.arange(height + 2 * margin), torch.arange(width + 2 * margin), indexing="ij")
    smooth = torch.stack([y / 37 + x / 53 + 1.4 * grain * torch.rand(y.shape) for grain in (0, 0.3, 1)])
    smooth[0] += 250 * (x > width)
    codes = smooth.clamp(0, 255).round().byte()
    plain = deband.deband(codes, margin)
    assert torch.equal(deband.deband(codes.cuda(), margin).cpu(), plain)
    if height > 5:
        assert (plain != codes[:, margin:-margin, margin:-margin]).any()
