"""The light part and the first look as CUDA kernels, against plain torch on the CPU. Skipped where there is no NVIDIA GPU."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from hdr_core.network import fused
from hdr_core.network.glow import glow, glow_size, settled
from hdr_core.network.inference import Inference, _mapped
from hdr_core.network.padding import pad
from hdr_core.network.view import look, pool, working_size
from hdr_core.network.weights import load_network

DEVICE = torch.device("cuda", 0)
pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available() or not fused.fits(load_network()[0].config, DEVICE), reason="no NVIDIA GPU on this machine"
)


def picture(height, width, count=1):
    torch.manual_seed(height)
    smooth = functional.interpolate(torch.rand(count, 3, 6, 9), (height, width), mode="bicubic")
    return ((smooth * 1.4 - 0.05 + 0.03 * torch.randn(count, 3, height, width)).clamp(0, 1) * 255).round() / 255


@pytest.mark.parametrize(
    ("height", "width", "panorama", "count", "own"),
    [(256, 512, True, 1, 1.0), (37, 50, False, 2, 0.0), (300, 71, False, 1, 0.0), (16, 16, False, 1, 0.4)],
)
@torch.inference_mode()
def test_the_light_part_is_that_of_plain_torch(height, width, panorama, count, own):
    network, _ = load_network()
    code = picture(height, width, count)
    guidance = network.guidance(view := look(code, panorama=panorama), network.overview(view, torch.ones(count)))
    guidance = replace(guidance, low=replace(guidance.low, own=torch.full((count,), own)))
    padded = pad(code, 2, panorama=panorama)
    rows, columns = torch.arange(-2, height + 2), torch.arange(-2, width + 2)
    wanted = network.restore(padded, guidance, rows, columns, (height, width))
    part = fused.LightPart(fused.LightWeights(load_network()[0].to(DEVICE).heads), _to_device(guidance), (height, width))
    got = part.restore(padded.to(DEVICE), 0, 0)
    error = (got.cpu() - wanted).abs() / wanted.clamp(min=1e-3)
    assert error.median() < 1e-4
    assert error.max() < 5e-3
    tile = part.restore(padded[..., 3:15, 2:14].contiguous().to(DEVICE), 3, 2)
    assert torch.equal(tile, got[..., 3:11, 2:10])


def _lows(guidance):
    return guidance.low.log_gain, guidance.low.surplus, guidance.low.features


def _to_device(value):
    return _mapped(value, lambda t: t.to(DEVICE))


@pytest.mark.parametrize(("height", "width"), [(512, 1024), (37, 50), (1000, 333)])
def test_the_first_look_is_that_of_plain_torch(height, width):
    code, size = picture(height, width), working_size(height, width)
    wanted = pool(code, size)
    codes = (255 * code[0]).round()
    for photo, white in (
        (code[0], 1.0),
        (codes.byte(), 255),
        (codes.byte().permute(1, 2, 0).contiguous().permute(2, 0, 1), 255),
        ((codes * 257).int().to(torch.uint16), 65535),
    ):
        torch.testing.assert_close(fused.pool(photo.to(DEVICE), size, white).cpu(), wanted, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(("height", "width"), [(2048, 4096), (512, 1024), (1100, 333)])
def test_the_glow_is_that_of_plain_torch(height, width):
    code, size = 1.3 * picture(height, width), glow_size(height, width)
    codes = (255 * code[0].clamp(0, 1)).round()
    wanted = glow(codes[None] / 255, size)
    assert wanted.max() > 0.5
    for photo, white in ((codes / 255, 1.0), (codes.byte(), 255), ((codes * 257).int().to(torch.uint16), 65535)):
        torch.testing.assert_close(fused.glow(photo.to(DEVICE), size, white).cpu(), wanted, rtol=1e-5, atol=2e-6)


@torch.inference_mode()
def test_a_graph_says_what_the_network_says():
    inference = Inference(load_network()[0], DEVICE)
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):  # as for every photo
        _compare_guidance(inference)
    assert all(inference._guide._captured.values())


def _compare_guidance(inference):
    for seed in (256, 260, 270, 280):
        code = functional.interpolate(picture(seed, 512), (256, 512)).to(DEVICE)
        view = look(code, panorama=True)
        light = glow(code, glow_size(*code.shape[-2:]))
        plain, guided = settled(inference._guidance(view, None, True), light), inference.guidance(view, light, None)
        again = inference.guidance(view, light, None)
        for one, other, third in zip(_lows(plain), _lows(guided), _lows(again), strict=True):
            torch.testing.assert_close(other, one, rtol=1e-4, atol=1e-4)
            assert torch.equal(other, third)
