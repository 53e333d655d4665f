"""Fit the energy head anew: `python -m training.fit_energy --data FOLDER ... --weights FILE --out FILE`.

Takes minutes on a GPU. In a long training the energy head learns its few panoramas by heart, as it needs far fewer steps than
the rest. So it is fitted last, from scratch, to photos whose response curve the trained preliminary module has undone: the
ensemble for photos, and the gate that tells them from rendered skies, to which `training.fit_skies` fits the other ensemble.
The interval is that of cross-validation, over truths: it holds the share of the kind of photo (panorama, flat) that needs the
widest.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from hdr_core.network.emission import Clipped
from hdr_core.network.energy import STRICT, EnergyHead
from hdr_core.network.model import Network, NetworkConfig
from hdr_core.network.statistics import COUNT
from hdr_core.network.view import look

from . import data, losses, pixels
from .camera import Shot, shoot
from .checkpoint import save_average
from .train import SEED

FOLDS, GROUP, AT_ONCE = 5, 8, 64  # GROUP: photos taken at once; AT_ONCE: looked at
KINDS = {"panorama": 0.6, "sky": 0.3, "flat": 0.1}  # shares of the photos
SKY = list(KINDS).index("sky")
RATE, DECAY, BATCH = 3e-3, 0.1, 32
GATE_DECAY, GATE_BATCH, GATE_NOISE = 0.3, 64, 0.1
SHARE = 0.8  # of the photos, that the interval holds
SCALED_BY = 500  # photos that tell the scale of features
Part = Literal["photos", "gate"]


@dataclass(frozen=True)
class Seen:
    """What is observed of P photos, (P, SEEN), and of their scene (P, scene.COUNT); features (P, emission.COUNT, Q) and
    shown light (P, Q) of some of their clipped pixels; the log ratios that they should give, (P,) and (P, Q); and
    kind (P,) and fold (P,) of each.
    """

    observed: Tensor
    scene: Tensor
    features: Tensor
    shown: Tensor
    wanted: Tensor
    of_pixels: Tensor
    kind: Tensor
    fold: Tensor

    def part(self, chosen: Tensor) -> Seen:
        """The photos where `chosen` (P,) is true, or with these indices."""
        return Seen(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def clipped(self) -> Clipped:
        return Clipped(self.features, self.shown, self.scene)

    def said(self, head: EnergyHead) -> tuple[Tensor, Tensor, Tensor]:
        """What `head` says of the photos: log ratio, spread, and the logit of a sky, each (P,)."""
        parts = [self.part(some) for some in torch.arange(len(self.wanted), device=self.wanted.device).split(AT_ONCE)]
        said = [head(part.observed, part.clipped) for part in parts]
        return tuple(torch.cat(x) for x in zip(*((e.members.mean(1), e.spread, e.sky) for e in said), strict=True))  # type: ignore[return-value]


def _shots(truths: data.Truths, kind: str, count: int) -> Shot:
    if kind == "flat":
        return shoot(data.flats(truths, count), panorama=False)
    return shoot(data.panoramas(truths, count, pool=2, skies=float(kind == "sky")), panorama=True)


def _looked_at(network: Network, shot: Shot, kind: int, fold: int) -> Seen:
    panorama = kind != list(KINDS).index("flat")
    view = look(shot.photo, panorama=panorama)
    overview = network.overview(view, shot.camera)
    wanted, counts = losses.wanted_log_ratio(overview, shot, panorama=panorama)
    counts &= overview.clipped.shown.amax(1) > 0
    of, light = overview.clipped, pixels.true_light(overview, shot, panorama=panorama)
    whole = Clipped(of.features[counts], of.shown[counts], of.scene[counts])
    some, ratio = pixels.sampled(whole, light[counts], wanted[counts])
    of_photo = (torch.full(wanted[counts].shape, v, device=wanted.device) for v in (kind, fold))
    return Seen(overview.observed[counts], some.scene, some.features, some.shown, wanted[counts], ratio, *of_photo)


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
    return Seen(*(torch.cat([getattr(row, field.name) for row in rows]) for field in fields(Seen)))


def fitted(seen: Seen, steps: int, known: EnergyHead | None = None, only: Part | None = None) -> EnergyHead:
    """An energy head after `steps` steps from scratch, ready to infer; only: a part of it, all else as of `known`."""
    head = EnergyHead().to(seen.wanted.device)
    if known is None:
        head.fit_scale(seen.observed[:, :COUNT])
    else:
        kept = {name: v for name, v in known.state_dict().items() if not name.startswith(f"{only}.")}
        head.load_state_dict(head.state_dict() | kept)
    if only != "gate":
        head.interval.fill_(1.0)
        _fit_photos(head, seen.part(seen.kind != SKY), steps)
    if only != "photos" and (seen.kind == SKY).any():
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
    numbers = seen.observed[:, :COUNT]
    few = seen.part(torch.randperm(len(numbers), device=numbers.device)[:SCALED_BY])
    head.photos.fit_scale(torch.cat([numbers, seen.scene], 1), few.clipped.pixels())

    def loss(some: Tensor) -> Tensor:
        batch = seen.part(some)
        return pixels.loss(head.photos(numbers[some], batch.clipped), batch.wanted, batch.of_pixels)

    fit(head.photos, len(numbers), steps, loss, rate=RATE, decay=DECAY, batch=BATCH)


def _fit_gate(head: EnergyHead, seen: Seen, steps: int) -> None:
    x, sky = head.scaled(seen.observed[:, COUNT:-1]), (seen.kind == SKY).float()

    def loss(some: Tensor) -> Tensor:
        near = x[some] + GATE_NOISE * torch.randn_like(x[some])
        return functional.binary_cross_entropy_with_logits(head.gate(near)[:, 0], sky[some])

    fit(head.gate, len(x), steps, loss, rate=RATE, decay=GATE_DECAY, batch=GATE_BATCH)


@torch.no_grad()
def cross_validated(seen: Seen, steps: int, known: EnergyHead | None = None, only: Part | None = None) -> float:
    """Prints how far photos of truths that were left out are off; returns the interval that holds SHARE of each kind."""
    error, spread = torch.empty_like(seen.wanted), torch.empty_like(seen.wanted)
    sky = torch.zeros_like(seen.wanted, dtype=torch.bool)
    for fold in seen.fold.unique():
        out = seen.fold == fold
        with torch.enable_grad():
            head = fitted(seen.part(~out), steps, known, only)
        said, spread[out], logit = seen.part(out).said(head)
        error[out], sky[out] = (said - seen.wanted[out]).abs(), logit > STRICT
    widest = 0.0
    for which, kind in enumerate(KINDS):
        chosen = seen.kind == which
        if chosen.any():
            print(f"{kind}: {int(chosen.sum())} photos, {float(sky[chosen].float().mean()):.1%} taken for skies")
        if chosen.any() and which != SKY:
            needed = float((error[chosen] / spread[chosen]).quantile(SHARE))
            median, mean = (float(x) / math.log(2) for x in (error[chosen].median(), error[chosen].mean()))
            print(f"  {median:.3f} stops off in the median, {mean:.3f} in the mean, interval {needed:.3f} of the spread")
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
    parser.add_argument("--only", choices=["gate", "photos"], help="the ensemble for photos or the gate, all else as it is")
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    network, (truths, _) = start(options, everything=True)
    torch.manual_seed(SEED)
    seen = photographed(network, truths, options.photos)
    known = network.energy if options.only else None
    interval = cross_validated(seen, options.steps, known, options.only)
    network.energy = fitted(seen, options.steps, known, options.only)
    if options.only != "gate":
        network.energy.interval.fill_(interval)
    save_average(network, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
