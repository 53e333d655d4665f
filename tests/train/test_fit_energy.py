"""The energy head, fitted by itself, finds what the statistics tell, and says how far it may be off."""

from __future__ import annotations

import pytest
import torch

from hdr_core.network.energy import SEEN, STRICT
from training import data
from training.fit_energy import FOLDS, SKY, Seen, cross_validated, fitted


@pytest.fixture
def seen() -> Seen:
    """Photos whose light follows two of the statistics, and noise of 0.3."""
    torch.manual_seed(2)
    observed = torch.randn(600, SEEN)
    wanted = 3 + observed[:, 0] - 0.5 * observed[:, 1] + 0.3 * torch.randn(600)
    return Seen(observed, wanted, torch.zeros(600, dtype=torch.long), torch.arange(600) % FOLDS)


def test_the_fitted_head_knows_light_that_the_statistics_tell(seen):
    head = fitted(seen, 300)
    again = torch.randn(200, SEEN)
    error = head(again).log_ratio - (3 + again[:, 0] - 0.5 * again[:, 1])
    assert error.abs().median() < 0.3  # 0.75 if nothing was learnt


def test_the_interval_is_that_of_photos_left_out(seen, capsys):
    learnt = seen.part(seen.fold > 0)
    head = fitted(learnt, 300)
    head.interval.fill_(cross_validated(learnt, 300))
    left_out = seen.part(seen.fold == 0)
    energy = head(left_out.observed)
    inside = ((energy.members.mean(1) - left_out.wanted).abs() <= energy.spread).float().mean()
    assert 0.65 < inside < 0.95
    assert "panorama: 480 photos" in capsys.readouterr().out


def test_skies_are_told_apart_and_leave_what_is_known_of_photos_alone(seen):
    known = fitted(seen, 300)
    skies = torch.randn(200, SEEN) + 1.5
    more = Seen(
        torch.cat([seen.observed, skies]),
        torch.cat([seen.wanted, torch.full((200,), 6.0)]),
        torch.cat([seen.kind, torch.full((200,), SKY)]),
        torch.cat([seen.fold, torch.arange(200) % FOLDS]),
    )
    head = fitted(more, 300, known)
    of_skies, of_photos = head(torch.randn(100, SEEN) + 1.5), head(seen.observed)
    assert (of_skies.sky > STRICT).float().mean() > 0.95
    assert (of_photos.sky > STRICT).float().mean() < 0.02
    photos = of_photos.sky < STRICT - 3
    before = known(seen.observed).log_ratio
    torch.testing.assert_close(of_photos.log_ratio[photos], before[photos], atol=0.02, rtol=0.01)


def test_no_truth_is_in_two_folds():
    panoramas = torch.arange(7.0).view(7, 1, 1, 1)
    parts = data.folds(data.Truths(panoramas, panoramas, list(panoramas)), 3)
    for kind in ("panoramas", "skies", "stills"):
        assert sorted(float(x) for part in parts for x in getattr(part, kind)) == list(range(7))
