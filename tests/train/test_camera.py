"""The simulated cameras are cameras: what they clip, how they compress, how they respond."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from hdr_core.network.statistics import area
from training.camera import expose, jpeg, shoot
from training.optics import with_glare
from training.response import KINDS, SHARES, response


@pytest.fixture
def radiance() -> torch.Tensor:
    """(4, 3, 64, 128): smooth scenes with noise and a lamp of 5000."""
    torch.manual_seed(2)
    y = torch.linspace(0.05, 0.4, 64)[:, None].expand(64, 128)
    texture = torch.exp(0.3 * torch.randn(4, 3, 64, 128))
    scenes = torch.stack([y * (1 + 0.3 * k) for k in range(3)]) * texture
    scenes[:, :, 10:12, 20:22] = 5000
    return scenes


@pytest.mark.parametrize("panorama", [True, False])
def test_the_asked_share_of_the_area_clips(radiance, panorama):
    clipped = torch.tensor([0.01, 0.05, 0.1, 0.2])
    peak = expose(radiance, clipped, panorama=panorama).amax(1)
    share = area(64, 128, panorama=panorama, like=radiance).expand(64, 128)
    torch.testing.assert_close(((peak >= 1) * share).sum((1, 2)), clipped, atol=0.002, rtol=0)


@pytest.mark.parametrize(("quality", "height"), [(95, 64), (80, 64), (50, 61)])
def test_jpeg_loses_what_a_real_encoder_loses(radiance, quality, height):
    code = (radiance[:1, :, :height, :127].clamp(0, 1) ** 0.45 * 255).round() / 255
    pixels = (code[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=2)
    real = np.asarray(Image.open(file)).astype(float)
    ours = jpeg(code, torch.tensor([float(quality)]))[0].permute(1, 2, 0).numpy() * 255
    lost = np.abs(real - pixels).mean()
    assert np.abs(ours - pixels).mean() == pytest.approx(lost, rel=0.25)
    assert np.abs(ours - real).mean() < 0.6 * lost


@pytest.mark.parametrize("kind", SHARES)
def test_every_response_is_monotone_from_black_to_white(kind):
    torch.manual_seed(0)
    code = KINDS[kind](torch.linspace(0, 1, 500).expand(50, 3, 1, -1))
    assert (code.diff(dim=-1) >= -1e-6).all()
    assert code[..., 0].max() < 0.01
    torch.testing.assert_close(code[..., -1], torch.ones_like(code[..., -1]))


def test_photos_get_responses_of_their_own():
    torch.manual_seed(0)
    middle = response(torch.full((64, 3, 1, 1), 0.18))[:, 0, 0, 0]
    assert len(middle.round(decimals=4).unique()) > 48


def test_glare_spreads_light_and_keeps_its_sum(radiance):
    flat = radiance.mean(1, keepdim=True).expand_as(radiance)
    glaring = with_glare(flat, panorama=False)
    lamp = flat[:, :, 10:12, 20:22]
    assert (glaring[:, :, 10:12, 20:22] < lamp).all()
    assert (glaring[:, :, 16, 16] > flat[:, :, 16, 16]).all()
    torch.testing.assert_close(glaring.mean((1, 2, 3)), flat.mean((1, 2, 3)), rtol=0.02, atol=0)


def test_a_shot_is_a_photo_of_the_truth(radiance):
    torch.manual_seed(1)
    shots = [shoot(radiance, panorama=True) for _ in range(8)]
    for shot in shots:
        levels = shot.photo * 255
        torch.testing.assert_close(levels, levels.round(), atol=1e-3, rtol=0)
        bright = (shot.truth > 1.5).all(1)
        assert shot.photo.amin(1)[bright].mean() > 0.95
    cameras = torch.cat([shot.camera for shot in shots])
    assert 0 < cameras.mean() < 1
