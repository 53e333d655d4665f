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
from torch.nn.functional import avg_pool2d

from hdr_core.network.model import Network, NetworkConfig

from . import data, losses
from .camera import Shot, shoot
from .trainer import LEARNING_RATE, Trainer

SEED = 20230
PANORAMAS, SMALL_PANORAMAS, FLATS = 12, 20, 20  # photos a step
REPORT_EVERY = 45  # seconds


def batch(truths: data.Truths, step: int) -> tuple[Shot, bool]:
    """Photos of one kind: of four steps two of panoramas, one of panoramas of half the size, one of flat pictures."""
    if step % 4 == 3:
        return shoot(data.flats(truths, FLATS), panorama=False), False
    if step % 4 == 1:
        return shoot(avg_pool2d(data.panoramas(truths, SMALL_PANORAMAS), 2), panorama=True), True
    return shoot(data.panoramas(truths, PANORAMAS), panorama=True), True


@torch.no_grad()
def held_out(network: Network, truths: data.Truths) -> dict[str, float]:
    """Mean losses on held-out panoramas, the network deciding on the curve itself; the same photos each time."""
    sums: dict[str, float] = {}
    rounds = 3
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        for _ in range(rounds):
            for some in truths.panoramas.float().split(8):
                shot = shoot(some, panorama=True)
                with torch.autocast(some.device.type, torch.bfloat16):
                    radiance, curve = network(shot.photo, panorama=True)
                parts = losses.terms(radiance, shot, curve, panorama=True)
                parts["camera_wrong"] = ((curve.camera > 0) != (shot.camera > 0)).float().mean()
                for name, value in parts.items():
                    sums[name] = sums.get(name, 0) + float(value) * len(some) / len(truths.panoramas) / rounds
    return sums


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of linear .exr truth")
    parser.add_argument("--out", type=Path, required=True, help="gets the checkpoint and average.safetensors, what ships")
    parser.add_argument("--minutes", type=float, required=True, help="length of the whole schedule")
    parser.add_argument("--run-minutes", type=float, default=math.inf, help="stop this run earlier; --resume goes on")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--resume", type=Path, help="folder of an earlier --out")
    begin.add_argument("--start", type=Path, help="weights to begin a new schedule with")
    parser.add_argument("--preliminary-only", action="store_true", help="train that module alone: its steps are far faster")
    return parser.parse_args()


def main() -> int:
    options = _options()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    device = torch.device("cuda")
    learn, held = data.load(options.data, device)
    print(f"{len(learn.panoramas)}+{len(held.panoramas)} panoramas, {len(learn.stills)}+{len(held.stills)} stills", flush=True)
    torch.manual_seed(SEED)
    trainer = Trainer(NetworkConfig(), device, preliminary_only=options.preliminary_only)
    if options.start:
        trainer.start_from(options.start)
    if options.resume:
        trainer.resume(options.resume)
    torch.manual_seed(SEED + trainer.step)  # views that were not drawn before
    before = trainer.done
    began = reported = time.monotonic()
    while trainer.done < 1 and time.monotonic() - began < 60 * options.run_minutes:
        shot, panorama = batch(learn, trainer.step)
        rate = LEARNING_RATE * (0.5 * (1 + math.cos(math.pi * trainer.done)) + 0.005)
        parts = trainer.learn(shot, panorama=panorama, rate=rate)
        trainer.done = before + (time.monotonic() - began) / (60 * options.minutes)
        if time.monotonic() - reported > REPORT_EVERY and panorama:
            reported = time.monotonic()
            now, shown = ({k: round(float(v), 3) for k, v in p.items()} for p in (parts, held_out(trainer.average, held)))
            print(f"{trainer.done:.3f} step {trainer.step} train {now} held {shown}", flush=True)
            trainer.save(options.out)
    trainer.save(options.out)
    print(f"stopped at {trainer.done:.3f}, step {trainer.step}, held {held_out(trainer.average, held)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
