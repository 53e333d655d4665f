"""Fit anew how a photo is told to be plain sRGB: `python -m training.fit_decision --data FOLDER ... --large SKIES ...`.

A long training sees pictures of one size. Photos are larger, so smoother from pixel to pixel, and rendered skies most of all;
so the decision is fitted last, from what it was, to photos of every size: the truths, also enlarged, and large rendered skies.
Takes a quarter of an hour on a processor. Prints how many photos of truths that were left out are told wrongly, before and
after.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from hdr_core.network.model import Network
from hdr_core.network.view import look

from . import data
from .camera import Shot, shoot
from .checkpoint import save_average
from .fit_energy import fit, start
from .fit_skies import plain
from .train import SEED

LEFT_OUT = 5  # every fifth photo of a kind is left out
PLAIN = 0.3
KINDS = {"panoramas": (1, 800), "skies": (1, 200), "flats": (1, 200), "enlarged": (2, 60), "far enlarged": (4, 30)}
LARGE_PHOTOS = 4  # of each large sky
RATE, DECAY, BATCH, STEPS = 2e-4, 0.05, 64, 600


@dataclass(frozen=True)
class Seen:
    """Of P photos: what the decision sees (P, F), whether it is a camera's, of which kind, and whether it is left out, (P,)."""

    seen: Tensor
    camera: Tensor
    kind: Tensor
    out: Tensor


def _photo(radiance: Tensor, *, panorama: bool) -> Shot:
    return plain(radiance) if panorama and float(torch.rand(())) < PLAIN else shoot(radiance, panorama=panorama)


def _truth(truths: data.Truths, kind: str, times: int) -> Tensor:
    if kind == "flats":
        return data.flats(truths, 2)[torch.randint(2, (1,))]
    source = data.panoramas(
        truths, 1, pool=2 if times == 1 and float(torch.rand(())) < 0.5 else 1, skies=float(kind == "skies")
    )
    if times == 1:
        return source
    return functional.interpolate(source, scale_factor=times, mode="bicubic").clamp(min=0)


@torch.no_grad()
def photographed(network: Network, truths: tuple[data.Truths, data.Truths], large: list[Tensor]) -> Seen:
    rows: list[Seen] = []

    def add(radiance: Tensor, kind: int, out: bool, *, panorama: bool) -> None:
        shot = _photo(radiance, panorama=panorama)
        seen = network.preliminary.decides_by(look(shot.photo, panorama=panorama))
        rows.append(Seen(seen, shot.camera, *(torch.tensor([value], device=seen.device) for value in (kind, out))))

    for which, (kind, (times, count)) in enumerate(KINDS.items()):
        for number in range(count):
            out = number % LEFT_OUT == 0
            add(_truth(truths[out], kind, times), which, out, panorama=kind != "flats")
        print(f"{kind}: {count}", flush=True)
    for number in range(LARGE_PHOTOS * len(large)):
        chosen = large[number % len(large)]
        sky = functional.avg_pool2d(data.turned(chosen[None], 1), 2 if number // len(large) % 2 else 1)
        add(sky, len(KINDS), number % len(large) % LEFT_OUT == 0, panorama=True)
    return Seen(*(torch.cat([getattr(row, field.name) for row in rows]) for field in fields(Seen)))


@torch.no_grad()
def report(network: Network, seen: Seen, when: str) -> None:
    decide = network.preliminary.decide.eval()
    wrong = ((decide(seen.seen)[:, 0] > 0) != (seen.camera > 0)).float()
    for which, kind in enumerate([*KINDS, "large skies"]):
        for camera in (0, 1):
            some = (seen.kind == which) & seen.out & (seen.camera == camera)
            print(f"{when}: {kind}, camera {camera}: {int(wrong[some].sum())} of {int(some.sum())} wrong")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of linear .exr truth")
    parser.add_argument("--large", type=Path, required=True, help="a folder of rendered skies, 4096 wide")
    parser.add_argument("--weights", type=Path, required=True, help="average.safetensors of a training")
    parser.add_argument("--out", type=Path, required=True, help="the same with the new decision")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    network, truths = start(options, everything=False)
    torch.manual_seed(SEED)
    seen = photographed(network, truths, data.large_skies(options.large, truths[0].panoramas.device))
    report(network, seen, "before")
    learnt = (~seen.out).nonzero()[:, 0]
    rarity = len(learnt) / torch.bincount(seen.kind[learnt]).float()[seen.kind[learnt]].sqrt()
    decide = network.preliminary.decide

    def loss(_: Tensor) -> Tensor:
        some = learnt[torch.multinomial(rarity, BATCH, replacement=True)]
        return functional.binary_cross_entropy_with_logits(decide(seen.seen[some])[:, 0], seen.camera[some])

    fit(decide, len(learnt), STEPS, loss, rate=RATE, decay=DECAY, batch=BATCH)
    report(network, seen, "after")
    save_average(network, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
