"""The energy head, fitted by itself, finds what photos tell, and says how far it may be off."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch

from hdr_core.network import emission, scene
from hdr_core.network.emission import Clipped
from hdr_core.network.energy import SEEN, STRICT
from training import data
from training.fit_energy import FOLDS, SKY, Seen, cross_validated, fitted
from training.pixels import sampled

PIXELS = 24
STEPS = 200


def _photos(count: int) -> Seen:
    """Photos each of whose pixels is as bright as one of its features says, and one of the statistics; and noise of 0.3."""
    observed, features = torch.randn(count, SEEN), torch.randn(count, emission.COUNT, PIXELS)
    shown = torch.rand(count, PIXELS)
    of_pixels = 2 + features[:, 3] + observed[:, :1]
    wanted = (shown * of_pixels.exp()).sum(1).log() - shown.sum(1).log() + 0.3 * torch.randn(count)
    kind, fold = torch.zeros(count, dtype=torch.long), torch.arange(count) % FOLDS
    return Seen(observed, torch.randn(count, scene.COUNT), features, shown, wanted, of_pixels, kind, fold)


@pytest.fixture
def seen() -> Seen:
    torch.manual_seed(2)
    return _photos(600)


def test_the_fitted_head_knows_light_that_photos_tell(seen):
    again = _photos(200)
    said, _, _ = again.said(fitted(seen, STEPS))
    nothing_learnt = (again.wanted - seen.wanted.median()).abs().median()
    assert (said - again.wanted).abs().median() < 0.6 * nothing_learnt


def test_the_interval_is_that_of_photos_left_out(seen, capsys):
    learnt, left_out = seen.part(seen.fold > 0), seen.part(seen.fold == 0)
    head = fitted(learnt, STEPS)
    head.interval.fill_(cross_validated(learnt, STEPS))
    said, spread, _ = left_out.said(head)
    inside = ((said - left_out.wanted).abs() <= spread).float().mean()
    assert 0.65 < inside < 0.95
    assert "panorama: 480 photos" in capsys.readouterr().out


def _with_skies(seen: Seen) -> Seen:
    skies = _photos(200)
    skies = replace(skies, observed=skies.observed + 1.5, kind=skies.kind + SKY)
    return Seen(*(torch.cat([getattr(seen, field.name), getattr(skies, field.name)]) for field in fields(Seen)))


def test_skies_are_told_apart_and_leave_what_is_known_of_photos_alone(seen):
    known = fitted(seen, STEPS)
    more = _with_skies(seen)
    head = fitted(more, STEPS, known, "gate")
    (_, _, of_skies), (after, _, of_photos) = more.part(more.kind == SKY).said(head), seen.said(head)
    assert (of_skies > STRICT).float().mean() > 0.95
    assert (of_photos > STRICT).float().mean() < 0.02
    photos = of_photos < STRICT - 3
    torch.testing.assert_close(after[photos], seen.said(known)[0][photos], atol=0.02, rtol=0.01)


def test_photos_fitted_anew_leave_skies_and_gate_alone(seen):
    more = _with_skies(seen)
    known = fitted(more, STEPS)
    torch.nn.init.normal_(known.skies.last)
    again = fitted(more, 20, known, "photos")
    for part in ("skies", "gate"):
        for one, other in zip(getattr(again, part).parameters(), getattr(known, part).parameters(), strict=True):
            torch.testing.assert_close(one, other)
    torch.testing.assert_close(again.mean, known.mean)
    assert not torch.allclose(again.photos.second, known.photos.second)


def test_sampled_pixels_stand_for_the_whole_photo():
    """A sun of two pixels and a window of two thousand: their light comes out of the sample, whichever pixels were drawn."""
    torch.manual_seed(3)
    shown = torch.zeros(1, 8192)
    shown[:, 100:102], shown[:, 3000:5000] = 0.8, 1.0
    light = shown * 5
    light[:, 100:102] = 9000
    seen = Clipped(torch.randn(1, emission.COUNT, 8192), shown, torch.zeros(1, scene.COUNT))
    log_ratio = (light.sum() / shown.sum()).log()[None]
    some, ratio = sampled(seen, light, log_ratio)
    torch.testing.assert_close(some.shown.sum(1), shown.sum(1), rtol=0.1, atol=0)
    torch.testing.assert_close((some.shown * ratio.exp()).sum(1).log() - some.shown.sum(1).log(), log_ratio, rtol=0, atol=0.1)
    assert (some.shown > 0).all()


def test_no_truth_is_in_two_folds():
    panoramas = torch.arange(7.0).view(7, 1, 1, 1)
    parts = data.folds(data.Truths(panoramas, panoramas, list(panoramas)), 3)
    for kind in ("panoramas", "skies", "stills"):
        assert sorted(float(x) for part in parts for x in getattr(part, kind)) == list(range(7))
