"""The losses know a better result, and a training that was interrupted goes on."""

from __future__ import annotations

import pytest
import torch

from hdr_core.network.curve import srgb_encode
from hdr_core.network.model import Network, NetworkConfig
from hdr_core.network.preliminary import KNOTS, Curve
from training import losses
from training.camera import Shot
from training.ship import main as ship
from training.trainer import Trainer

SMALL = NetworkConfig(widths=(8, 8, 16, 16, 16), guidance=4, head_width=8)


@pytest.fixture
def shot() -> Shot:
    torch.manual_seed(4)
    truth = torch.rand(2, 3, 64, 128) * 0.7
    truth[:, :, 12:16, 30:34] = 900
    photo = (srgb_encode(truth.clamp(0, 1)) * 255).round() / 255
    return Shot(photo, truth, torch.tensor([0.0, 1.0]))


def curve() -> Curve:
    return Curve(torch.tensor([-4.0, 4.0]), torch.zeros(2, KNOTS + 1))


def test_every_term_prefers_the_truth(shot):
    right = losses.terms(shot.truth, shot, curve(), panorama=True)
    short = losses.terms(shot.truth.clamp(0, 1), shot, curve(), panorama=True)
    for name in ("clipped", "energy", "diffuse", "glossy", "pu21"):
        assert right[name] < short[name], name
    darker = losses.terms(shot.truth * torch.where(shot.truth < 1, 0.5, 1.0), shot, curve(), panorama=True)
    assert right["seen"] < darker["seen"]
    wrong = losses.terms(shot.truth, shot, Curve(-curve().camera, curve().offset), panorama=True)
    assert right["camera"] < wrong["camera"]


def test_a_gain_over_the_whole_picture_is_free_for_the_light(shot):
    one, other = (losses.terms(shot.truth * gain, shot, curve(), panorama=True) for gain in (1.0, 1.4))
    for name in ("clipped", "energy", "diffuse", "glossy"):
        torch.testing.assert_close(one[name], other[name], atol=0.02, rtol=0)


def test_the_gradient_of_a_sun_is_finite_and_reaches_the_weights(shot):
    torch.manual_seed(0)
    network = Network(SMALL)
    radiance, estimated = network(shot.photo, panorama=True, camera=shot.camera)
    losses.total(losses.terms(radiance, shot, estimated, panorama=True)).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


def test_training_goes_on_where_it_was_stopped(shot, tmp_path):
    torch.manual_seed(0)
    device = torch.device("cpu")
    first = Trainer(SMALL, device)
    for _ in range(3):
        first.learn(shot, panorama=True, rate=1e-3)
    first.done = 0.25
    first.save(tmp_path)
    second = Trainer(SMALL, device)
    second.resume(tmp_path)
    assert (second.step, second.done) == (3, 0.25)
    for trainer in (first, second):
        trainer.learn(shot, panorama=True, rate=1e-3)
    for one, other in zip(first.network.parameters(), second.network.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-2)


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
