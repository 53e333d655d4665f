"""Where restored light is put: among clipped pixels only, as strong as its surroundings say, wherever the picture begins."""

from __future__ import annotations

import pytest
import torch

from hdr_core.network.gather import BRIGHTEST, concentrated, gathered
from hdr_core.network.place import COUNT, PlaceHead, features
from hdr_core.network.statistics import luminance

HEIGHT, WIDTH = 128, 256


@pytest.fixture
def scene():
    """Radiance and over-exposure, (1, 3, 128, 256) each: a small lamp and a large window."""
    torch.manual_seed(0)
    over = torch.zeros(1, 3, HEIGHT, WIDTH)
    over[..., 20:22, 40:42] = 1
    over[..., 60:100, 160:220] = 1
    return torch.where(over > 0, 1.0, 0.2 * torch.rand_like(over)), over


@pytest.fixture
def head():
    torch.manual_seed(1)
    head = PlaceHead().eval()
    torch.nn.init.normal_(head.photos.last.weight, std=0.5)
    return head


def _density(head, radiance, over, sky=0.0):
    return head(radiance, over, torch.tensor([1.0]), torch.tensor([sky]), panorama=True)


def test_the_features_are_finite_with_all_or_nothing_clipped(scene, head):
    radiance, over = scene
    for some in (torch.zeros_like(over), torch.ones_like(over), over):
        seen = features(radiance, some, torch.tensor([1.0]), panorama=True)
        assert seen.shape == (1, COUNT, HEIGHT, WIDTH)
        assert seen.isfinite().all()
        density = gathered(_density(head, radiance, some), seen[:, :1], some, panorama=True)
        assert density.isfinite().all()
        assert (density >= 0).all()


def test_a_turned_panorama_has_its_light_turned(scene, head):
    radiance, over = scene
    detail = radiance[:, :1].roll(3, -2)
    straight = gathered(_density(head, radiance, over), detail, over, panorama=True)
    radiance, over, detail = (x.roll(48, -1) for x in (radiance, over, detail))
    turned = gathered(_density(head, radiance, over), detail, over, panorama=True)
    torch.testing.assert_close(turned, straight.roll(48, -1), rtol=1e-4, atol=1e-6)


def test_light_moves_to_where_the_detail_says_and_not_far(scene):
    _, over = scene
    detail = torch.zeros(1, 1, HEIGHT, WIDTH)
    detail[..., 80, 190] = 6
    out = (gathered(torch.ones_like(over), detail, over, panorama=True) * over).sum(1)[0]
    assert out[80, 190] > 20 * out[78, 188]  # the window's peak
    lamp, window = out[:48].sum(), out[48:].sum()
    assert lamp / window == pytest.approx(4 / 2400, rel=0.2)  # none of the lamp's light went to the window


@pytest.mark.parametrize("panorama", [True, False])
def test_any_working_size_keeps_its_light(panorama):
    over = torch.zeros(1, 3, 80, 144)
    over[..., 60:80, 120:144] = 1
    out = gathered(torch.ones_like(over), torch.randn(1, 1, 80, 144), over, panorama=panorama)
    assert out.shape == over.shape
    assert (out * over).sum() == pytest.approx(float(over.sum()), rel=1e-4)


def test_without_detail_the_density_stays(scene):
    _, over = scene
    density = torch.ones_like(over) * torch.tensor([1.2, 1.0, 0.7]).view(1, 3, 1, 1)
    out = gathered(density, torch.zeros(1, 1, HEIGHT, WIDTH), over, panorama=False)
    torch.testing.assert_close(out * over, density * over)


def test_a_tint_does_not_change_the_luminance(head):
    tint = head.photos(torch.randn(2, COUNT, 8, 8))[:, 1:]
    assert (0.2126 * tint[:, 0] + 0.7152 * tint[:, 1] + 0.0722 * tint[:, 2]).abs().max() < 1e-5
    assert tint.abs().max() > 0.01


def test_a_rendered_sky_has_its_light_where_the_ensemble_for_skies_says(scene, head):
    radiance, over = scene
    torch.nn.init.normal_(head.skies.last.weight, std=0.5)
    photo, sky = (luminance(_density(head, radiance, over, share)) for share in (0.0, 1.0))
    head.photos, head.skies = head.skies, head.photos
    torch.testing.assert_close(luminance(_density(head, radiance, over)), sky)
    assert not torch.allclose(photo, sky, rtol=0.1)


def test_few_pixels_get_the_light_of_the_others_and_none_is_lost(scene):
    _, over = scene
    density = over * torch.rand(1, 3, HEIGHT, WIDTH) ** 8
    out = concentrated(density, density, panorama=True)
    torch.testing.assert_close(luminance(out).sum(), luminance(density).sum(), rtol=1e-3, atol=0)
    lit = luminance(out) > 0
    assert lit.sum() < 0.5 * (luminance(density) > 0).sum()
    assert luminance(density)[lit].sum() >= 0.999 * BRIGHTEST * luminance(density).sum()
    assert luminance(density)[~lit].max() <= luminance(density)[lit].min()


def test_what_a_dim_pixel_loses_stays_on_its_side_of_the_sphere():
    light = torch.zeros(1, 3, 256, 512)
    light[..., 100, 100], light[..., 140, 130] = 10, 1
    light[..., 100, 400], light[..., 140, 430] = 10, 1
    light[..., 60, 110] = 3  # too dim to stay
    out = luminance(concentrated(light, light, panorama=True))
    assert out[..., 60, 110] == out[..., 140, 130] == 0
    assert 1.15 < out[..., 100, 100] / out[..., 100, 400] < 14 / 11  # handed out over the whole sphere: 1


def test_light_keeps_its_colour_where_one_channel_clips(scene):
    _, over = scene
    over[:, 1:, 60:64] = 0  # the window's upper edge, only red
    detail = torch.zeros(1, 1, HEIGHT, WIDTH)
    detail[..., 62, 190] = 8
    out = (gathered(torch.ones_like(over), detail, over, panorama=True) * over).sum((-2, -1))
    torch.testing.assert_close(out, over.sum((-2, -1)), rtol=1e-3, atol=0)


def test_light_stays_where_the_density_is_sure(scene):
    """A sun whose place is known does not move to a pixel of the same window that detail likes."""
    _, over = scene
    density, detail = torch.full_like(over, 0.01), torch.zeros(1, 1, HEIGHT, WIDTH)
    density[..., 80, 190], detail[..., 88, 196] = 100, 6
    out = luminance(gathered(density, detail, over, panorama=True))[0]
    assert out[80, 190] > 20 * out[88, 196]


def test_a_photo_by_itself_gets_the_density_that_it_gets_among_others(scene, head):
    radiance, over = scene
    alone = _density(head, radiance, over, 0.3)
    many = [x.expand(2, -1, -1, -1) for x in (radiance, over)]
    among = head(*many, torch.tensor([1.0, 1.0]), torch.tensor([0.3, 0.3]), panorama=True)
    clipped = over.expand_as(alone) > 0
    torch.testing.assert_close(alone[clipped], among[:1][clipped], rtol=1e-4, atol=1e-6)
