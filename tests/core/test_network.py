"""What the network promises whatever its weights are: the sphere has no edge, well-exposed pixels keep their value."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from hdr_core.network.curve import srgb_decode, srgb_encode
from hdr_core.network.energy import Pixels, with_far_lamps
from hdr_core.network.glow import glow, glow_size, settled
from hdr_core.network.kernel_heads import Low
from hdr_core.network.model import Network, NetworkConfig
from hdr_core.network.padding import Conv, double, pad, sample_grid, sphere_index
from hdr_core.network.preliminary import KNOTS, Curve, preliminary
from hdr_core.network.soft_mask import OVER, UNDER, soft_mask
from hdr_core.network.statistics import area, luminance
from hdr_core.network.view import look, working_size
from hdr_core.network.weights import load_network

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(7)
    small = Network(NetworkConfig(widths=(8, 16, 16, 24, 32), guidance=4, head_width=8)).eval()
    with torch.no_grad():  # untrained heads do nothing; these do much
        for parameter in small.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        small.energy.photos.last_bias[..., 0] += 3
    return small


def on_the_sphere(height: int, width: int) -> torch.Tensor:
    """A smooth function of direction, sampled at the pixel centres: (1, 1, H, W)."""
    theta = (torch.arange(height, dtype=torch.float64) + 0.5) / height * torch.pi
    phi = (torch.arange(width, dtype=torch.float64) + 0.5) / width * 2 * torch.pi
    theta, phi = torch.meshgrid(theta, phi, indexing="ij")
    x, y, z = theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()
    return (x + 2 * y * z + 0.5 * z)[None, None]


def test_padding_continues_a_function_of_direction():
    height, width, radius = 32, 64, 3
    padded = pad(on_the_sphere(height, width), radius, panorama=True)[0, 0]
    rows = torch.arange(-radius, height + radius, dtype=torch.float64)
    columns = torch.arange(-radius, width + radius, dtype=torch.float64)
    theta, phi = torch.meshgrid((rows + 0.5) / height * torch.pi, (columns + 0.5) / width * 2 * torch.pi, indexing="ij")
    # angles beyond the pole give the direction behind it by themselves
    x, y, z = theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()
    torch.testing.assert_close(padded, x + 2 * y * z + 0.5 * z)


def test_index_and_padding_agree():
    picture = torch.rand(1, 1, 8, 16)
    rows, columns = torch.arange(-3, 11), torch.arange(-3, 19)
    inside, straight, turned = sphere_index(rows, columns, 8, 16)
    beyond = ((rows < 0) | (rows >= 8))[:, None]
    gathered = picture[0, 0][inside[:, None], torch.where(beyond, turned, straight)]
    torch.testing.assert_close(gathered, pad(picture, 3, panorama=True)[0, 0])


def test_convolution_and_upsampling_turn_with_the_panorama():
    torch.manual_seed(0)
    x, conv = torch.rand(1, 2, 8, 16), Conv(2, 3)
    for layer in (lambda t: conv(t, panorama=True), lambda t: double(t, panorama=True)):
        whole = layer(x)
        factor = whole.shape[-1] // x.shape[-1]
        torch.testing.assert_close(layer(x.roll(5, -1)), whole.roll(5 * factor, -1))


def test_guidance_is_sampled_where_the_pixel_is():
    low = on_the_sphere(64, 128).float()
    rows, columns = torch.arange(-2, 258), torch.arange(-2, 514)
    fine = pad(on_the_sphere(256, 512).float(), 2, panorama=True)
    sampled = sample_grid(low, rows, columns, (256, 512), panorama=True)
    torch.testing.assert_close(sampled, fine, atol=2e-3, rtol=0)


def test_the_network_turns_with_the_panorama(network):
    code = torch.rand(1, 3, 256, 512)
    plain = torch.zeros(1)
    with torch.inference_mode():
        one = network(code, panorama=True, camera=plain).radiance
        other = network(code.roll(176, -1), panorama=True, camera=plain).radiance
    torch.testing.assert_close(other, one.roll(176, -1), rtol=1e-3, atol=1e-4)


def test_only_clipped_channels_gain(network):
    code = torch.rand(1, 3, 16, 16)
    mask = soft_mask(code)
    low = Low(5 * torch.ones(1, 3, 16, 16), torch.ones(1, 3, 16, 16), torch.randn(1, 4, 16, 16), torch.ones(1), torch.zeros(1))
    spatial, gain, _ = network.heads(code, mask, mask[:, :3], low)
    inner = code[..., 2:-2, 2:-2]
    assert (gain[inner <= OVER] == 1).all()
    assert (gain[inner > 0.99] > 2).all()
    torch.testing.assert_close(spatial.sum(2), torch.ones_like(spatial[:, :, 0]))


def sunny(height: int, width: int, radius: float = 0.04) -> torch.Tensor:
    """(1, 3, H, W) code values: a smooth sky with a clipped disc, the same picture at any size. radius: of the height."""
    y, x = torch.meshgrid((torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij")
    sky = 0.75 - 0.5 * y + 0.05 * torch.sin(6.28 * x)
    disc = torch.sigmoid((radius - ((y - 0.3) ** 2 + (2 * x - 0.8) ** 2).sqrt()) * 400)
    return (torch.stack([0.8 * sky, 0.9 * sky, sky]) + disc).clamp(0, 1)[None]


def light_of(radiance: torch.Tensor, *, panorama: bool = True) -> torch.Tensor:
    """Its mean luminance over the picture, (N,)."""
    return (luminance(radiance) * area(*radiance.shape[-2:], panorama=panorama, like=radiance)).sum((-2, -1))


@pytest.mark.parametrize("panorama", [True, False])
def test_the_light_is_what_the_energy_head_says_at_every_size(network, panorama):
    lights = []
    for height in (128, 512, 1024):
        code = sunny(height, 2 * height)
        with torch.inference_mode():
            done = network(code, panorama=panorama, camera=torch.zeros(1))
        before, after = (light_of(x, panorama=panorama) for x in (srgb_decode(code), done.radiance))
        said = done.overview.light.shown * torch.expm1(done.overview.energy.restored)
        assert said > 0.02
        assert abs(torch.log2(after / (before + said))) < 0.1  # stops
        lights.append(after)
    assert abs(torch.log2(lights[0] / lights[2])) < 0.1


@pytest.mark.parametrize(("pixels", "dark", "depth"), [(6, 2, 0.2), (8, 2, 0.3)])
def test_a_photo_made_small_keeps_its_light(pixels, dark, depth):
    """Made small as an image editor does: what clips between the bars of a window clips in the large photo alone."""
    network, _ = load_network()
    large = 0.9 * sunny(1024, 2048, 0.03)
    large[..., 600:700, 300:940] = 1 - depth * (torch.arange(640) % pixels < dark).float()
    lights = []
    for times in (1, 2, 4):
        code = (255 * functional.avg_pool2d(large, times)).round() / 255
        with torch.inference_mode():
            overview = network.overview(look(code, panorama=True), torch.zeros(1))
        lights.append(
            float(torch.log2(light_of(overview.radiance) + overview.light.shown * torch.expm1(overview.energy.restored)))
        )
    assert max(lights) - min(lights) < 0.05  # stops


def test_a_cameras_curve_is_the_same_once_the_photo_is_made_small():
    """Noise and blocks of compression are gone then."""
    network, _ = load_network()
    photo = Image.open(EXAMPLES / "bell_park_pier.jpg").convert("RGB")
    noise = 6 * np.random.default_rng(1).standard_normal((photo.height, photo.width, 3))
    Image.fromarray((photo + noise).clip(0, 255).astype(np.uint8)).save(data := io.BytesIO(), "JPEG", quality=85)
    code = torch.from_numpy(np.array(Image.open(data))).permute(2, 0, 1)[None] / 255
    small = (255 * functional.avg_pool2d(code, 2)).round() / 255
    with torch.inference_mode():
        one, other = (network.preliminary(look(x, panorama=False)).offset for x in (code, small))
    assert (one - other).abs().max() < 0.005  # natural log of radiance


def test_a_lamp_that_a_small_photo_does_not_show_counts_and_the_rim_of_one_that_it_shows_does_not():
    over, small = torch.zeros(1, 3, 64, 128), torch.zeros(1, 3, 64, 128)
    over[..., 20, 30] = 0.2
    over[..., 40:44, 80:84], small[..., 41:43, 81:83] = 0.4, 0.9
    seen = with_far_lamps(Pixels(torch.rand(1, 3, 64, 128), small), over, panorama=True)
    expected = small.clone()
    expected[..., 20, 30] = 0.2
    torch.testing.assert_close(seen.over, expected)


def test_a_spatial_kernel_colours_the_light_of_a_small_lamp_and_takes_nothing_from_it():
    network, _ = load_network()
    torch.nn.init.zeros_(network.heads.spatial.weight)  # the mean of 5 x 5 pixels
    torch.nn.init.zeros_(network.heads.spatial.bias)
    code = torch.tensor([0.8, 0.5, 0.3])[None, :, None, None].repeat(1, 1, 64, 128)
    code[..., 30, 5::20] = 1
    guidance = network.guidance(view := look(code, panorama=True), network.overview(view, torch.zeros(1)))
    low = replace(guidance.low, log_gain=torch.zeros(1, 3, 256, 512), surplus=torch.full((1, 3, 256, 512), 100.0))
    rows, columns, padded = torch.arange(-2, 66), torch.arange(-2, 130), pad(code, 2, panorama=True)
    with torch.inference_mode():
        own, filtered = (
            network.restore(padded, replace(guidance, low=replace(low, own=torch.full((1,), own))), rows, columns, (64, 128))
            for own in (1.0, 0.0)
        )
    torch.testing.assert_close(light_of(filtered), light_of(own), rtol=0.01, atol=0)
    red, _, blue = filtered[0, :, 30, 25]
    assert red > 1.5 * blue


def test_light_goes_to_a_lamp_and_not_to_a_leaf():
    """What clips in one channel alone is of a bright colour, and seldom gives light."""
    network, _ = load_network()
    code = 0.4 * torch.ones(1, 3, 256, 512)
    code[..., 60:68, 100:108] = 1
    code[:, 1, 60:68, 300:308] = 1
    view = look(code, panorama=True)
    overview = network.overview(view, torch.zeros(1))
    energy = replace(overview.energy, restored=torch.full((1,), 4.0), sky_share=torch.zeros(1))
    with torch.inference_mode():
        surplus = network.guidance(view, replace(overview, energy=energy, density=torch.ones(1, 3, 256, 512))).low.surplus
    lamp, leaf = surplus[0, 1, 60:68, 100:108].mean(), surplus[0, 1, 60:68, 300:308].mean()
    assert lamp > 10
    assert leaf < lamp / 10


@pytest.mark.parametrize("radius", [0.0015, 0.003, 0.006])
def test_a_sun_smaller_than_what_the_network_looks_at_gets_its_light(network, radius):
    code = sunny(1024, 2048, radius)
    with torch.inference_mode():
        done = network(code, panorama=True, camera=torch.zeros(1))
    before, after = (light_of(x) for x in (srgb_decode(code), done.radiance))
    said = done.overview.light.shown * torch.expm1(done.overview.energy.restored)
    assert said > 0
    assert abs(torch.log2((after - before) / said)) < 0.2  # stops


def test_a_photo_without_clipped_pixels_gets_no_light():
    torch.manual_seed(3)
    code = 0.1 + 0.7 * torch.rand(1, 3, 64, 128)
    with torch.inference_mode():
        done = Network(NetworkConfig(widths=(8, 8, 8, 8, 8))).eval()(code, panorama=True, camera=torch.zeros(1))
    assert done.overview.light.share == 0
    assert done.radiance.max() <= 1


@pytest.mark.parametrize(
    "form",
    [
        {"kernels": "direct"},
        {"kernels": "full", "kernel_size": 3},
        {"kernel_size": 7},
        {"kernel_size": 3, "dilations": (1, 3)},
        {"mask": "none", "energy": False},
    ],
)
def test_every_form_restores_tiles_as_it_restores_the_whole(form):
    torch.manual_seed(1)
    network = Network(NetworkConfig(widths=(8, 8, 8, 8, 8), guidance=4, head_width=8, **form)).eval()
    code = sunny(64, 128)
    with torch.inference_mode():
        view = look(code, panorama=True)
        overview = network.overview(view, torch.zeros(1))
        guidance = settled(network.guidance(view, overview), glow(code, glow_size(64, 128)))
        whole = network(code, panorama=True, camera=torch.zeros(1)).radiance
        halo = network.halo
        tile = pad(code, halo, panorama=True)[..., 16 : 48 + 2 * halo, 32 : 96 + 2 * halo]
        rows, columns = torch.arange(16 - halo, 48 + halo), torch.arange(32 - halo, 96 + halo)
        part = network.restore(tile, guidance, rows, columns, (64, 128))
    torch.testing.assert_close(part, whole[..., 16:48, 32:96], rtol=1e-4, atol=1e-5)


def test_the_soft_mask_is_zero_where_well_exposed_and_one_at_the_ends():
    code = torch.linspace(0, 1, 1001).expand(1, 3, 1, -1)
    mask = soft_mask(code)[0, :, 0]
    well = (code[0, 0, 0] >= UNDER) & (code[0, 0, 0] <= OVER)
    assert (mask[:, well] == 0).all()
    torch.testing.assert_close(mask[:3, -1], torch.ones(3))
    torch.testing.assert_close(mask[3, 0], torch.ones(()))
    assert (mask[0].diff() >= 0).all()
    assert (mask[3].diff() <= 0).all()


def test_srgb_is_decoded_exactly_and_any_curve_is_monotone(network):
    code = torch.linspace(0, 1, 4096).expand(1, 3, 1, -1)
    plain = Curve(torch.zeros(1), torch.zeros(1, KNOTS + 1))
    torch.testing.assert_close(preliminary(code, srgb_decode(code), plain), srgb_decode(code), rtol=0, atol=0)
    torch.testing.assert_close(srgb_encode(srgb_decode(code)), code)
    for seed in range(4):
        torch.manual_seed(seed)
        with torch.inference_mode():
            curve = network.preliminary(look(torch.rand(1, 3, 64, 128) ** (seed + 1), panorama=True))
        decoded = preliminary(code, srgb_decode(code), curve)[0, 0, 0]
        assert (decoded.diff() >= -1e-6).all()
        assert decoded[-1] == 1


@pytest.mark.parametrize(
    ("photo", "expected"),
    [
        ((512, 1024), (256, 512)),
        ((4096, 8192), (256, 512)),
        ((1, 2), (256, 512)),
        ((768, 768), (368, 368)),
        ((1, 100000), (32, 2048)),
    ],
)
def test_the_working_size_depends_on_the_aspect_alone(photo, expected):
    assert working_size(*photo) == expected


@pytest.mark.parametrize("panorama", [True, False])
@torch.inference_mode()
def test_a_mirrored_photo_gets_mirrored_gains(network, panorama):
    code = torch.rand(1, 3, 64, 128)
    code[..., 10:20, 30:50] = 1
    gains = []
    for photo in (code, code.flip(-1)):
        view = look(photo, panorama=panorama)
        gains.append(network.guidance(view, network.overview(view, torch.zeros(1))).low.log_gain)
    assert gains[0].std() > 0.01
    torch.testing.assert_close(gains[1].flip(-1), gains[0], rtol=1e-4, atol=1e-4)
