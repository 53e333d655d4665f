"""The reference of kernel_apply against its formula, written out pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hdr_core.kernel_apply import kernel_apply


def formula(preliminary, spatial, channel, border, dilation):
    """out[c, p] = channel[c, p] * sum_k spatial[k, p] * preliminary[c, p + k], in float64."""
    _, channels, height, width = channel.shape
    size = round(spatial.shape[1] ** 0.5)
    out = np.zeros(channel.shape)
    for y, x, k in np.ndindex(height, width, size * size):
        row, column = y + dilation * (k // size - size // 2), x + dilation * (k % size - size // 2)
        if border == "sphere":
            if not 0 <= row < height:
                row, column = (-1 - row if row < 0 else 2 * height - 1 - row), column + width // 2
            column %= width
        else:
            row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
        for c in range(channels):
            out[0, c, y, x] += channel[0, c, y, x] * spatial[0, k, y, x] * preliminary[0, c, row, column]
    return out


@pytest.mark.parametrize("border", ["sphere", "clamp"])
@pytest.mark.parametrize(("size", "dilation"), [(1, 1), (3, 1), (5, 1), (7, 1), (3, 2)])
def test_reference_is_the_formula(border, size, dilation):
    torch.manual_seed(size)
    tensors = [torch.rand(1, n, 8, 16, dtype=torch.float64) for n in (3, size * size, 3)]
    expected = formula(*(t.numpy() for t in tensors), border, dilation)
    np.testing.assert_allclose(kernel_apply(*tensors, border=border, dilation=dilation).numpy(), expected, rtol=1e-12)


def test_valid_border_reads_what_the_caller_padded():
    torch.manual_seed(0)
    preliminary, spatial, channel = (torch.rand(2, n, 6, 12, dtype=torch.float64) for n in (3, 25, 3))
    padded = torch.nn.functional.pad(preliminary, (2, 2, 2, 2), mode="replicate")
    valid = kernel_apply(padded, spatial, channel, border="valid")
    torch.testing.assert_close(valid, kernel_apply(preliminary, spatial, channel, border="clamp"))


@pytest.mark.parametrize("border", ["sphere", "clamp"])
def test_gradients(border):
    torch.manual_seed(1)
    tensors = [torch.rand(1, n, 4, 6, dtype=torch.float64, requires_grad=True) for n in (2, 9, 2)]
    assert torch.autograd.gradcheck(lambda *t: kernel_apply(*t, border=border), tensors)


@pytest.mark.parametrize(
    ("shapes", "named"),
    [
        (((1, 3, 8, 8), (1, 24, 8, 8), (1, 3, 8, 8)), "spatial"),
        (((1, 3, 8, 8), (1, 16, 8, 8), (1, 3, 8, 8)), "spatial"),
        (((1, 3, 9, 8), (1, 25, 8, 8), (1, 3, 8, 8)), "preliminary"),
        (((1, 3, 8, 8), (1, 25, 8, 8), (1, 3, 8, 1)), "channel"),
    ],
)
def test_a_bad_shape_is_named(shapes, named):
    with pytest.raises(ValueError, match=named):
        kernel_apply(*(torch.rand(s) for s in shapes))
