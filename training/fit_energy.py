"""Fit the energy head anew: `python -m training.fit_energy --data FOLDER ... --weights FILE --out FILE`.

Takes minutes on a processor. In a long training the energy head learns its few panoramas by heart, as it needs far fewer steps
than the rest. So it is fitted last, from scratch, to photos whose response curve the trained preliminary module has undone: the
ensemble for photos, and the gate that tells them from rendered skies, to which `training.fit_skies` fits the other ensemble.
The interval is that of cross-validation, over truths: it holds the share of the kind of photo (panorama, flat) that needs the
widest.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from hdr_core.network.energy import STRICT, EnergyHead
from hdr_core.network.model import Network, NetworkConfig
from hdr_core.network.statistics import COUNT
from hdr_core.network.view import look

from . import data, losses
from .camera import Shot, shoot
from .checkpoint import save_average
from .train import SEED

FOLDS, GROUP = 5, 8  # GROUP: photos taken at once
KINDS = {"panorama": 0.6, "sky": 0.3, "flat": 0.1}  # shares of the photos
SKY = list(KINDS).index("sky")
RATE, DECAY, BATCH = 3e-3, 0.3, 64
GATE_NOISE = 0.1
SHARE = 0.8  # of the photos, that the interval holds


@dataclass(frozen=True)
class Seen:
    """What is observed of P photos, (P, SEEN), the log ratio (P,) that it should give, and kind (P,) and fold (P,) of each."""

    observed: Tensor
    wanted: Tensor
    kind: Tensor
    fold: Tensor

    def part(self, chosen: Tensor) -> Seen:
        """The photos where `chosen` (P,) is true."""
        return Seen(self.observed[chosen], self.wanted[chosen], self.kind[chosen], self.fold[chosen])


def _shots(truths: data.Truths, kind: str, count: int) -> Shot:
    if kind == "flat":
        return shoot(data.flats(truths, count), panorama=False)
    return shoot(data.panoramas(truths, count, pool=2, skies=float(kind == "sky")), panorama=True)


def _looked_at(network: Network, shot: Shot, kind: int, fold: int) -> Seen:
    panorama = kind != list(KINDS).index("flat")
    view = look(shot.photo, panorama=panorama)
    overview = network.overview(view, shot.camera)
    wanted, counts = losses.wanted_log_ratio(overview, shot, panorama=panorama)
    return Seen(overview.observed, wanted, *(torch.full(wanted.shape, v, device=wanted.device) for v in (kind, fold))).part(
        counts
    )


@torch.no_grad()
def photographed(network: Network, truths: data.Truths, count: int) -> Seen:
    """About `count` photos, of truths in FOLDS parts that share none."""
    rows: list[Seen] = []
    for number, part in enumerate(data.folds(truths, FOLDS)):
        for which, (kind, share) in enumerate(KINDS.items()):
            if kind == "sky" and not len(part.skies):
                continue
            for _ in range(math.ceil(share * count / FOLDS / GROUP)):
                rows.append(_looked_at(network, _shots(part, kind, GROUP), which, number))
    return Seen(*(torch.cat([getattr(row, name) for row in rows]) for name in Seen.__dataclass_fields__))


def fitted(seen: Seen, steps: int, known: EnergyHead | None = None) -> EnergyHead:
    """An energy head after `steps` steps from scratch, ready to infer; known: keep its ensembles and its interval."""
    head = EnergyHead().to(seen.wanted.device)
    if known is None:
        head.fit_scale(seen.observed[:, :COUNT])
        head.interval.fill_(1.0)
        _fit_photos(head, seen.part(seen.kind != SKY), steps)
    else:
        gate = head.gate
        head.load_state_dict({**known.state_dict(), **{f"gate.{k}": v for k, v in gate.state_dict().items()}})
    if (seen.kind == SKY).any():
        _fit_gate(head, seen, steps)
    return head.eval()


def fit(
    part: nn.Module, count: int, steps: int, loss: Callable[[Tensor], Tensor], *, rate: float, decay: float, batch: int
) -> None:
    """Lower `loss` of the indices of a batch out of `count` photos; `part` is ready to infer then."""
    part.train()
    optimiser = torch.optim.AdamW(part.parameters(), rate, betas=(0.9, 0.98), weight_decay=decay)
    device = next(part.parameters()).device
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate * (0.5 * (1 + math.cos(math.pi * step / steps)) + 0.005)
        optimiser.zero_grad(set_to_none=True)
        loss(torch.randint(count, (batch,), device=device)).backward()
        torch.nn.utils.clip_grad_norm_(part.parameters(), 1.0)
        optimiser.step()
    part.eval()


def _fit_photos(head: EnergyHead, seen: Seen, steps: int) -> None:
    x = head.scaled(seen.observed[:, :COUNT])

    def loss(some: Tensor) -> Tensor:
        ratio, log_scale = head.photos(x[some])
        return losses.total(losses.energy_terms(ratio - seen.wanted[some, None], log_scale.clamp(-4, 2)))

    fit(head.photos, len(x), steps, loss, rate=RATE, decay=DECAY, batch=BATCH)


def _fit_gate(head: EnergyHead, seen: Seen, steps: int) -> None:
    x, sky = head.scaled(seen.observed[:, COUNT:-1]), (seen.kind == SKY).float()

    def loss(some: Tensor) -> Tensor:
        near = x[some] + GATE_NOISE * torch.randn_like(x[some])
        return functional.binary_cross_entropy_with_logits(head.gate(near)[:, 0], sky[some])

    fit(head.gate, len(x), steps, loss, rate=RATE, decay=DECAY, batch=BATCH)


@torch.no_grad()
def _apart(head: EnergyHead, seen: Seen) -> tuple[Tensor, Tensor, Tensor]:
    energy = head(seen.observed)
    return (energy.members.mean(1) - seen.wanted).abs(), energy.spread, energy.sky > STRICT


def cross_validated(seen: Seen, steps: int, known: EnergyHead | None = None) -> float:
    """Prints how far photos of truths that were left out are off; returns the interval that holds SHARE of each kind."""
    error, spread = torch.empty_like(seen.wanted), torch.empty_like(seen.wanted)
    sky = torch.zeros_like(seen.wanted, dtype=torch.bool)
    for fold in seen.fold.unique():
        out = seen.fold == fold
        error[out], spread[out], sky[out] = _apart(fitted(seen.part(~out), steps, known), seen.part(out))
    widest = 0.0
    for which, kind in enumerate(KINDS):
        chosen = seen.kind == which
        if chosen.any():
            print(f"{kind}: {int(chosen.sum())} photos, {float(sky[chosen].float().mean()):.1%} taken for skies")
        if chosen.any() and which != SKY:
            needed = float((error[chosen] / spread[chosen]).quantile(SHARE))
            stops = float(error[chosen].median()) / math.log(2)
            print(f"  {stops:.3f} stops off (median), interval {needed:.3f} of the spread")
            widest = max(widest, needed)
    return widest


def start(options: argparse.Namespace, *, everything: bool) -> tuple[Network, tuple[data.Truths, data.Truths]]:
    """The network of --weights, ready to infer, and the truths of --data, both on --device; everything: as of `data.load`."""
    network = Network(NetworkConfig())
    network.load_state_dict(load_file(options.weights))
    device = torch.device(options.device)
    return network.to(device).eval(), data.load(options.data, device, everything=everything)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of linear .exr truth")
    parser.add_argument("--weights", type=Path, required=True, help="average.safetensors of a training")
    parser.add_argument("--out", type=Path, required=True, help="the same with the new energy head")
    parser.add_argument("--only", choices=["gate"], help="leave all else as it is")
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    network, (truths, _) = start(options, everything=True)
    torch.manual_seed(SEED)
    seen = photographed(network, truths, options.photos)
    known = network.energy if options.only == "gate" else None
    interval = cross_validated(seen, options.steps, known)
    network.energy = fitted(seen, options.steps, known)
    if known is None:
        network.energy.interval.fill_(interval)
    save_average(network, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
