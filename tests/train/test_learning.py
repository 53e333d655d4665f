"""The losses know a better result, and a training that was interrupted goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from hdr_core.network.curve import srgb_encode
from hdr_core.network.model import Network, NetworkConfig, Overview, Restored
from hdr_core.network.preliminary import KNOTS, Curve
from hdr_core.network.view import look
from training import losses
from training.camera import Shot, shoot
from training.ship import main as ship
from training.trainer import PARTS, Trainer

SMALL = NetworkConfig(widths=(8, 8, 16, 16, 16), guidance=4, head_width=8)


@pytest.fixture
def shot() -> Shot:
    torch.manual_seed(4)
    truth = torch.rand(2, 3, 64, 128) * 0.7
    truth[:, :, 12:16, 30:34] = 900
    truth[:, :, 36:40, 90:94] = 30
    photo = (srgb_encode(truth.clamp(0, 1)) * 255).round() / 255
    return Shot(photo, truth, torch.tensor([0.0, 1.0]))


@pytest.fixture
def overview(shot) -> Overview:
    """What an untrained network thinks, but sure of the curve's kind."""
    torch.manual_seed(0)
    seen = Network(SMALL).eval().overview(look(shot.photo, panorama=True), shot.camera)
    return replace(seen, estimated=Curve(torch.tensor([-4.0, 4.0]), torch.zeros(2, KNOTS + 1)))


def terms(radiance: torch.Tensor, overview: Overview, shot: Shot) -> dict[str, torch.Tensor]:
    return losses.terms(Restored(radiance, overview), shot, panorama=True)


def test_every_term_prefers_the_truth(shot, overview):
    right, short = (terms(x, overview, shot) for x in (shot.truth, shot.truth.clamp(0, 1)))
    for name in ("clipped", "diffuse", "glossy", "pu21"):
        assert right[name] < short[name], name
    darker = terms(shot.truth * torch.where(shot.truth < 1, 0.5, 1.0), overview, shot)
    assert right["seen"] < darker["seen"]
    wrong = replace(overview, estimated=Curve(-overview.estimated.camera, overview.estimated.offset))
    assert right["camera"] < terms(shot.truth, wrong, shot)["camera"]


def test_where_the_light_lies_has_terms_of_its_own(shot, overview):
    density = functional.interpolate(shot.truth, overview.density.shape[-2:])
    for gain in (1.0, 5.0):  # its scale does not count
        right, even = (
            losses.place_terms(replace(overview, density=d), shot, panorama=True) for d in (gain * density, density**0)
        )
        for name in ("place", "place_lit"):
            assert right[name] < 0.1 * even[name], name


def test_the_total_light_has_a_term_of_its_own(shot, overview):
    wanted = losses.energy_error(overview, shot, panorama=True)
    members = overview.energy.members - wanted
    right = replace(overview, energy=replace(overview.energy, members=members))
    assert losses.overview_terms(right, shot, panorama=True)["total"] < 1e-6
    off = replace(overview, energy=replace(overview.energy, members=members + 1))
    assert losses.overview_terms(off, shot, panorama=True)["total"] > 0.1


def test_a_gain_over_the_whole_picture_is_free_for_the_light(shot, overview):
    one, other = (terms(shot.truth * gain, overview, shot) for gain in (1.0, 1.4))
    for name in ("clipped", "diffuse", "glossy"):
        torch.testing.assert_close(one[name], other[name], atol=0.02, rtol=0)


def test_the_gradient_of_a_sun_is_finite_and_reaches_the_weights(shot):
    torch.manual_seed(0)
    network = Network(SMALL)
    restored = network(shot.photo, panorama=True, camera=shot.camera)
    losses.total(losses.terms(restored, shot, panorama=True)).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


def test_training_goes_on_where_it_was_stopped(shot, tmp_path):
    torch.manual_seed(0)
    device = torch.device("cpu")
    first = Trainer(SMALL, device)
    first.learn(shot, shot, panorama=True, rate=1e-3)
    first.done = 0.25
    first.save(tmp_path)
    second = Trainer(SMALL, device)
    second.resume(tmp_path)
    assert (second.step, second.done) == (1, 0.25)
    kept, loaded = (trainer.optimiser.state_dict()["state"] for trainer in (first, second))
    torch.testing.assert_close(loaded, kept, rtol=0.01, atol=1e-12)  # kept in bfloat16
    for trainer in (first, second):
        torch.manual_seed(9)  # the same dropout
        trainer.learn(shot, shot, panorama=True, rate=1e-3)
    for one, other in zip(first.network.parameters(), second.network.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-2)


def test_the_interval_holds_the_truth_of_four_of_five_photos(shot):
    torch.manual_seed(0)
    trainer = Trainer(SMALL, torch.device("cpu"))
    torch.manual_seed(1)
    photos = [shot] + [shoot(shot.truth * torch.rand(2, 1, 1, 1), panorama=True) for _ in range(9)]
    trainer.calibrate(photos)
    inside = []
    for photo in photos:
        overview = trainer.average.overview(look(photo.photo, panorama=True))
        error = losses.energy_error(overview, photo, panorama=True).mean(1)
        inside.append(error.abs() <= overview.energy.spread * 1.0001)
    assert torch.cat(inside).float().mean() == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize("part", list(PARTS))
def test_only_what_is_asked_for_learns(shot, part):
    torch.manual_seed(0)
    trainer = Trainer(SMALL, torch.device("cpu"), part=part)
    before = {name: p.clone() for name, p in trainer.network.named_parameters()}
    for _ in range(2):
        trainer.learn(shot if part == "restoring" else None, shot, panorama=True, rate=1e-2)
    moved = [name for name, p in trainer.network.named_parameters() if not torch.equal(p, before[name])]
    assert all(name.startswith(PARTS[part]) for name in moved)
    assert all(any(name.startswith(some) for name in moved) for some in PARTS[part])


def test_a_folder_without_a_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        Trainer(SMALL, torch.device("cpu")).resume(tmp_path)


def test_what_a_training_saves_can_be_shipped(tmp_path, monkeypatch):
    Trainer(NetworkConfig(), torch.device("cpu")).save(tmp_path)
    weights, record = tmp_path / "shipped.safetensors", tmp_path / "weights.json"
    monkeypatch.setattr("training.ship.WEIGHTS", weights)
    monkeypatch.setattr("training.ship.RECORD", record)
    assert ship([str(tmp_path / "average.safetensors"), "--version", "9.9.9"]) == 0
    from hdr_core.network.weights import load_network

    assert load_network(weights, record)[1] == "9.9.9"
