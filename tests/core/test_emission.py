"""The total of a photo's light: a sum over its clipped pixels, the same wherever a panorama begins."""

from __future__ import annotations

import pytest
import torch

from hdr_core.network import scene, statistics
from hdr_core.network.emission import COUNT, WHOLE, Emission, clipped

HEIGHT, WIDTH = 128, 256


@pytest.fixture
def emission() -> Emission:
    torch.manual_seed(1)
    emission = Emission().eval()
    for parameter in (emission.last, emission.scale):
        torch.nn.init.normal_(parameter, std=0.3)
    return emission


def _photo(*lamps: tuple[slice, slice]) -> tuple[torch.Tensor, torch.Tensor]:
    """Radiance and over-exposure, (1, 3, 128, 256) each."""
    torch.manual_seed(0)
    over = torch.zeros(1, 3, HEIGHT, WIDTH)
    for rows, columns in lamps:
        over[..., rows, columns] = 1
    return torch.where(over > 0, 1.0, 0.2 * torch.rand_like(over)), over


LAMP, WINDOW = (slice(20, 24), slice(40, 44)), (slice(60, 100), slice(160, 220))
NUMBERS = torch.zeros(1, statistics.COUNT)


def test_a_photo_by_itself_is_told_what_it_is_told_among_others(emission):
    radiance, over = _photo(LAMP, WINDOW)
    alone = emission(NUMBERS, clipped(radiance, over, panorama=True))
    both = [x.expand(2, -1, -1, -1) for x in (radiance, over)]
    among = emission(NUMBERS.expand(2, -1), clipped(*both, panorama=True))
    torch.testing.assert_close(among.log_ratio[:1], alone.log_ratio, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(among.log_scale[1:], alone.log_scale, atol=1e-4, rtol=1e-4)


def test_the_total_is_the_sum_over_the_pixels(emission):
    seen = clipped(*_photo(LAMP, WINDOW), panorama=True)
    said = emission(NUMBERS, seen)
    total = (seen.shown * said.pixels.exp()).sum(2) / seen.shown.sum(1)
    torch.testing.assert_close(said.log_ratio.T, total.log(), atol=1e-3, rtol=1e-3)
    assert said.pixels.std(2).min() > 0.01  # not one value for all


def test_where_a_panorama_begins_changes_nothing(emission):
    radiance, over = _photo(LAMP, WINDOW)
    straight = emission(NUMBERS, clipped(radiance, over, panorama=True))
    turned = emission(NUMBERS, clipped(radiance.roll(96, -1), over.roll(96, -1), panorama=True))
    torch.testing.assert_close(turned.log_ratio, straight.log_ratio, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("panorama", "size"),
    [(True, (128, 256)), (False, (128, 256)), (False, (304, 432)), (False, (16, 2048)), (False, (2048, 16))],
)
def test_photos_of_any_form_with_nothing_or_all_of_it_clipped(size, panorama, emission):
    for over in (torch.zeros(2, 3, *size), torch.ones(2, 3, *size), (torch.rand(2, 3, *size) - 0.9).clamp(min=0)):
        seen = clipped(torch.rand(2, 3, *size), over, panorama=panorama)
        assert seen.features.shape[1] == COUNT
        assert seen.scene.shape == (2, WHOLE - statistics.COUNT)
        assert all(x.isfinite().all() for x in (seen.features, seen.shown, seen.scene))
        said = emission(NUMBERS.expand(2, -1), seen)
        assert said.log_ratio.isfinite().all()
        if not over.any():
            assert (said.log_ratio == 0).all()  # no light is hidden where nothing clips


def _scene(ground: float, *, sun: bool) -> torch.Tensor:
    """A grey sky over a darker ground with a patch of `ground`, as bright as that; sun: a clipped disc."""
    radiance = torch.full((1, 3, HEIGHT, WIDTH), 0.3)
    radiance[..., 64:, :] = 0.05
    radiance[..., 90:110, :64] = ground
    over = torch.zeros_like(radiance)
    if sun:
        radiance[..., 30:34, 30:34] = over[..., 30:34, 30:34] = 1
    return scene.scene(radiance, over, panorama=True)[0]


def test_ground_brighter_than_what_is_seen_to_light_it_tells_of_hidden_light():
    dim, bright = _scene(0.05, sun=True), _scene(0.9, sun=True)
    assert bright[0] > dim[0] + 0.2  # its radiance for its irradiance
    for missing in range(3, 7):  # light that must be missing, for four albedos
        assert bright[missing] >= dim[missing]
    assert bright[3] > dim[3] + 0.5


def test_light_from_the_side_of_the_sun_is_told_from_light_of_the_other_side():
    aligned = _scene(0.9, sun=True)[-5]  # below the horizon, cosine to the clipped pixels
    radiance = torch.full((1, 3, HEIGHT, WIDTH), 0.3)
    radiance[..., 90:110, 160:224] = 0.9
    over = torch.zeros_like(radiance)
    over[..., 30:34, 30:34] = 1
    assert aligned > 0.9
    assert scene.scene(radiance, over, panorama=True)[0, -5] < -0.5
