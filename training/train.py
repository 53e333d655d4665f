"""Train the network: `python -m training.train --data FOLDER ... --out FOLDER --minutes M`.

Interrupted, or stopped by --run-minutes, it goes on with --resume FOLDER from where it was. Every line of the log gives the
losses on truths that were held out. The same seed draws the same views and cameras; how many steps fit into the minutes depends
on the machine.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path

import torch

from hdr_core.network.model import NetworkConfig

from . import data
from .camera import Shot, shoot
from .measure import line, measure
from .trainer import LEARNING_RATE, PARTS, Trainer

SEED = 20230
PANORAMAS, SMALL_PANORAMAS, FLATS, WHOLES = 12, 20, 20, 48  # photos a step
REPORT_EVERY = 45  # seconds


def batch(truths: data.Truths, step: int) -> tuple[Shot, bool]:
    """Photos of one kind: of four steps two of panoramas, one of panoramas of half the size, one of flat pictures."""
    if step % 4 == 3:
        return shoot(data.flats(truths, FLATS), panorama=False), False
    if step % 4 == 1:
        return shoot(data.panoramas(truths, SMALL_PANORAMAS, pool=2), panorama=True), True
    return shoot(data.panoramas(truths, PANORAMAS), panorama=True), True


def whole(truths: data.Truths) -> Shot:
    """Many small panoramas: what is learnt from a photo as a whole needs many."""
    return shoot(data.panoramas(truths, WHOLES, pool=2), panorama=True)


def fixed(truths: data.Truths, rounds: int) -> list[Shot]:
    """Photos of each panorama as it is, the same every time."""
    with torch.random.fork_rng(devices=[truths.panoramas.device] if truths.panoramas.is_cuda else []):
        torch.manual_seed(SEED)
        return [shoot(some.float(), panorama=True) for _ in range(rounds) for some in truths.panoramas.split(8)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of linear .exr truth")
    parser.add_argument("--out", type=Path, required=True, help="gets the checkpoint and average.safetensors, what ships")
    parser.add_argument("--minutes", type=float, required=True, help="length of the whole schedule")
    parser.add_argument("--run-minutes", type=float, default=math.inf, help="stop this run earlier; --resume goes on")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--resume", type=Path, help="folder of an earlier --out")
    begin.add_argument("--start", type=Path, help="weights to begin a new schedule with")
    parser.add_argument(
        "--only",
        choices=list(PARTS),
        help="overview: curve, light and its place, in fast steps; restoring: all but these",
    )
    parser.add_argument("--everything", action="store_true", help="learn from the held-out truths too: for what ships")
    parser.add_argument("--device", default="cuda")
    return parser.parse_args()


def _report(trainer: Trainer, held: data.Truths, parts: dict[str, float]) -> None:
    losses = " ".join(f"{name} {value:g}" for name, value in parts.items())
    print(f"{trainer.done:.3f} step {trainer.step} {losses}", flush=True)
    print(f"  held out: {line(measure(trainer.average, held.panoramas))}", flush=True)


def main() -> int:
    options = _options()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    device = torch.device(options.device)
    learn, held = data.load(options.data, device, everything=options.everything)
    for name, t in (("learn", learn), ("held out", held)):
        print(f"{name}: {len(t.panoramas)} panoramas, {len(t.skies)} skies, {len(t.stills)} stills", flush=True)
    torch.manual_seed(SEED)
    trainer = Trainer(NetworkConfig(), device, part=options.only or "all")
    if options.start:
        trainer.start_from(options.start)
    elif options.resume:
        trainer.resume(options.resume)
    else:
        trainer.fit_scale([whole(learn) for _ in range(20)])
    torch.manual_seed(SEED + trainer.step)  # views that were not drawn before
    before = trainer.done
    began = reported = time.monotonic()
    while trainer.done < 1 and time.monotonic() - began < 60 * options.run_minutes:
        shot, panorama = (None, True) if options.only == "overview" else batch(learn, trainer.step)
        rate = LEARNING_RATE * (0.5 * (1 + math.cos(math.pi * trainer.done)) + 0.005)
        small = None if options.only == "restoring" else whole(learn)
        parts = trainer.learn(shot, small, panorama=panorama, rate=rate)
        trainer.done = before + (time.monotonic() - began) / (60 * options.minutes)
        if time.monotonic() - reported > REPORT_EVERY and panorama:
            reported = time.monotonic()
            _report(trainer, held, {k: round(float(v), 3) for k, v in parts.items()})
            trainer.save(options.out)
    if not options.everything:
        print(f"80% interval of the energy: {trainer.calibrate(fixed(held, 6)):.3f} of its spread")
    trainer.save(options.out)
    _report(trainer, held, {})
    return 0


if __name__ == "__main__":
    sys.exit(main())
