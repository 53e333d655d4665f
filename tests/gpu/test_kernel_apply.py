"""Our CUDA kernels against the reference in float64. Skipped where there is no NVIDIA GPU."""

from __future__ import annotations

import itertools

import pytest
import torch

from hdr_core.kernel_apply import has_kernels, kernel_apply, reference

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available() or not has_kernels(torch.device("cuda", 0)), reason="no NVIDIA GPU on this machine"
)
TOLERANCE = {torch.float32: 2e-6, torch.float16: 1.5e-3, torch.bfloat16: 1.2e-2}  # relative to the largest value
BORDERS = ("sphere", "clamp", "valid")


def tensors(border, size, channels, height, width, dilation=1, count=1, dtype=torch.float32, device="cuda"):
    outer = 2 * dilation * (size // 2) if border == "valid" else 0
    shapes = (channels, height + outer, width + outer), (size * size, height, width), (channels, height, width)
    return [(torch.rand(count, *shape, device=device) - 0.3).to(dtype).requires_grad_() for shape in shapes]


def close(ours, exact, dtype):
    error = (ours.double().cpu() - exact).abs().max() / exact.abs().max().clamp(min=1e-9)
    assert error < TOLERANCE[dtype], float(error)


def compare(inputs, border, dilation, dtype):
    """Result and all gradients against float64 on the CPU."""
    out = kernel_apply(*inputs, border=border, dilation=dilation)
    grad = torch.rand_like(out)
    grads = torch.autograd.grad(out, inputs, grad)
    exact = [t.detach().double().cpu() for t in inputs]
    close(out, reference.forward(*exact, border, dilation), dtype)
    for ours, wanted in zip(grads, reference.backward(grad.double().cpu(), *exact, border, dilation), strict=True):
        close(ours, wanted, dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("border", BORDERS)
def test_every_size_and_channel_count(border, dtype):
    torch.manual_seed(0)
    for size, channels in itertools.product((1, 3, 5, 7), (1, 3, 8)):
        compare(tensors(border, size, channels, 19, 72, count=2, dtype=dtype), border, 1, dtype)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 100), (100, 1), (2, 3), (33, 257), (64, 256), (5, 131)])
def test_ragged_and_tiny_pictures(border, height, width):
    torch.manual_seed(1)
    for dilation, dtype in itertools.product((1, 3), (torch.float32, torch.float16)):
        compare(tensors(border, 5, 3, height, width, dilation, dtype=dtype), border, dilation, dtype)


@pytest.mark.parametrize("border", BORDERS)
def test_tensors_that_are_not_contiguous(border):
    torch.manual_seed(2)
    inputs = [t.detach().to(memory_format=torch.channels_last) for t in tensors(border, 3, 3, 20, 40)]
    inputs[1] = torch.rand(1, 9, 20, 80, device="cuda")[..., ::2]
    shifted = torch.rand(inputs[2].numel() + 1, device="cuda")[1:].view_as(inputs[2])  # not on an 8-byte boundary
    for channel in (inputs[2], shifted):
        compare([*(t.requires_grad_() for t in inputs[:2]), channel.requires_grad_()], border, 1, torch.float32)


@pytest.mark.parametrize("border", BORDERS)
def test_torch_accepts_the_operator_and_its_gradients(border):
    torch.manual_seed(3)
    inputs = tensors(border, 3, 2, 5, 7, count=2)
    torch.library.opcheck(torch.ops.ldr_to_hdri.kernel_apply.default, (*inputs, border, 1))
    # the result is linear in each number, so a large step is exact and float32 is enough
    assert torch.autograd.gradcheck(
        lambda *t: kernel_apply(*t, border=border), inputs, eps=0.25, atol=1e-4, rtol=1e-3, nondet_tol=0
    )


def test_offsets_beyond_32_bits():
    """49 weights a pixel of 7,000 x 6,400: 2.2e9 of them; the last rows must be right."""
    torch.manual_seed(4)
    height, width = 6400, 7000
    spatial = torch.rand(1, 49, height, width, device="cuda", dtype=torch.float16)
    source, channel = (torch.rand(1, 1, height, width, device="cuda", dtype=torch.float16) for _ in range(2))
    assert spatial.numel() > 2**31
    out = kernel_apply(source, spatial, channel)
    last = [t[..., -40:, :].double().cpu() for t in (source, spatial, channel)]
    close(out[..., -20:, :], reference.forward(*last, "clamp", 1)[..., -20:, :], torch.float16)


@pytest.mark.parametrize(("size", "channels", "height", "width"), [(5, 3, 7200, 12000), (7, 1, 6400, 7001)])
def test_gradients_beyond_32_bits(size, channels, height, width):
    """Marching down strips, and pixel by pixel: the last rows must be right."""
    torch.manual_seed(9)
    shapes = (channels, size * size, channels, channels)
    source, spatial, channel, grad = (
        torch.rand(1, planes, height, width, device="cuda", dtype=torch.float16) for planes in shapes
    )
    assert spatial.numel() > 2**31
    grads = torch.ops.ldr_to_hdri.kernel_apply_backward(grad, source, spatial, channel, "clamp", 1)
    last = [t[..., -12:, :].double().cpu() for t in (grad, source, spatial, channel)]
    for ours, wanted in zip(grads, reference.backward(*last, "clamp", 1), strict=True):
        close(ours[..., -6:, :], wanted[..., -6:, :], torch.float16)


def test_the_current_stream_is_used():
    torch.manual_seed(5)
    inputs = [t.detach() for t in tensors("sphere", 5, 3, 512, 1024)]
    expected = kernel_apply(*inputs, border="sphere")
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(int(2e8))  # so that a launch elsewhere would read what is not yet written
        copies = [t.clone() for t in inputs]
        out = kernel_apply(*copies, border="sphere")
    stream.synchronize()
    torch.testing.assert_close(out, expected, rtol=0, atol=0)


def test_it_can_be_captured_in_a_graph():
    torch.manual_seed(6)
    inputs = [t.detach() for t in tensors("sphere", 5, 3, 64, 128, dtype=torch.float16)]
    kernel_apply(*inputs, border="sphere")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = kernel_apply(*inputs, border="sphere")
    inputs[0].copy_(torch.rand_like(inputs[0]))
    graph.replay()
    torch.testing.assert_close(out, kernel_apply(*inputs, border="sphere"), rtol=0, atol=0)


def test_gradients_are_the_same_every_time():
    torch.manual_seed(7)
    inputs = tensors("sphere", 5, 3, 128, 256)
    first, second = (torch.autograd.grad(kernel_apply(*inputs, border="sphere").sum(), inputs) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="one GPU only")
def test_another_device_than_the_current_one():
    torch.manual_seed(8)
    compare(tensors("sphere", 5, 3, 40, 80, device="cuda:1"), "sphere", 1, torch.float32)
