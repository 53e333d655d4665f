"""kernel_apply in plain torch against its formula, written out pixel by pixel, and as an operator of torch."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import torch

from hdr_core.kernel_apply import driver, kernel_apply
from hdr_core.kernel_apply.driver import BINARY, RECORD


def formula(preliminary, spatial, channel, border, dilation):
    """out[c, p] = channel[c, p] * sum_k spatial[k, p] * preliminary[c, p + k], in float64."""
    _, channels, height, width = channel.shape
    size = round(spatial.shape[1] ** 0.5)
    out = np.zeros(channel.shape)
    for y, x, k in np.ndindex(height, width, size * size):
        row, column = y + dilation * (k // size - size // 2), x + dilation * (k % size - size // 2)
        if border == "sphere":
            crossed = 0
            while not 0 <= row < height:
                row, crossed = (-1 - row if row < 0 else 2 * height - 1 - row), crossed + 1
            column = (column + crossed % 2 * (width // 2)) % width  # across both poles is once around
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
@pytest.mark.parametrize(("height", "width", "dilation"), [(1, 1, 1), (1, 2, 2), (3, 2, 1), (2, 5, 2)])
def test_a_kernel_may_be_larger_than_the_picture(border, height, width, dilation):
    torch.manual_seed(0)
    tensors = [torch.rand(1, n, height, width, dtype=torch.float64) for n in (2, 49, 2)]
    expected = formula(*(t.numpy() for t in tensors), border, dilation)
    np.testing.assert_allclose(kernel_apply(*tensors, border=border, dilation=dilation).numpy(), expected, rtol=1e-12)


def random_tensors(border, height=5, width=6, size=3, dilation=1, count=1):
    outer = 2 * dilation * (size // 2) if border == "valid" else 0
    shapes = (2, height + outer, width + outer), (size * size, height, width), (2, height, width)
    return [torch.rand(count, *shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize("border", ["sphere", "clamp", "valid"])
@pytest.mark.parametrize(("height", "width", "dilation"), [(4, 6, 1), (2, 3, 2), (1, 1, 1)])
def test_gradients(border, height, width, dilation):
    torch.manual_seed(1)
    tensors = random_tensors(border, height, width, dilation=dilation)
    assert torch.autograd.gradcheck(lambda *t: kernel_apply(*t, border=border, dilation=dilation), tensors)
    assert torch.autograd.gradcheck(lambda *t: torch.ops.ldr_to_hdri.kernel_apply(*t, border, dilation), tensors)


@pytest.mark.parametrize("border", ["sphere", "clamp", "valid"])
def test_torch_accepts_the_operator(border):
    torch.manual_seed(2)
    torch.library.opcheck(torch.ops.ldr_to_hdri.kernel_apply.default, (*random_tensors(border, count=2), border, 1))


def test_the_binary_was_made_from_the_source():
    record = json.loads(RECORD.read_text())
    source = b"".join(path.read_bytes() for kind in ("*.cu", "*.cuh") for path in sorted(BINARY.parent.glob(kind)))
    for key, data in (("source", source), ("binary", BINARY.read_bytes())):
        assert record[key] == hashlib.sha256(data).hexdigest(), f"the {key} of the kernels has changed: run `make kernels`"


def test_a_damaged_binary_is_not_loaded(tmp_path, monkeypatch):
    broken = tmp_path / BINARY.name
    broken.write_bytes(BINARY.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(driver, "BINARY", broken)
    with pytest.raises(driver.DriverError, match="checksum"):
        driver._binary.__wrapped__()


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


def test_a_type_that_differs_is_named():
    preliminary, spatial, channel = torch.rand(1, 3, 4, 4), torch.rand(1, 9, 4, 4), torch.rand(1, 3, 4, 4)
    with pytest.raises(TypeError, match="spatial"):
        kernel_apply(preliminary, spatial.half(), channel)
