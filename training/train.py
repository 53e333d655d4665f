"""Train the network: `python -m training.train --data FOLDER ... --out FOLDER --minutes M [--resume CHECKPOINT]`.

Weights are averaged (EMA). Every line of the log gives the losses on truths that were held out. The same seed draws the same
views and cameras; how many steps fit into the minutes depends on the machine.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import avg_pool2d

from hdr_core.network.model import Network, NetworkConfig
from hdr_core.network.view import look

from . import data, losses
from .camera import Shot, shoot

SEED = 20230
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.03
WARM_UP = 200  # steps
EMA = 0.998
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
    state = torch.random.get_rng_state(), torch.cuda.get_rng_state()
    torch.manual_seed(SEED)
    sums: dict[str, float] = {}
    rounds = 3
    for _ in range(rounds):
        for some in truths.panoramas.float().split(8):
            shot = shoot(some, panorama=True)
            with torch.autocast("cuda", torch.bfloat16):
                radiance, curve = network(shot.photo, panorama=True)
            parts = losses.terms(radiance, shot, curve, panorama=True)
            parts["camera_wrong"] = ((curve.camera > 0) != (shot.camera > 0)).float().mean()
            for name, value in parts.items():
                sums[name] = sums.get(name, 0) + float(value) * len(some) / len(truths.panoramas) / rounds
    torch.random.set_rng_state(state[0])
    torch.cuda.set_rng_state(state[1])
    return sums


class Trainer:
    """The network, its running average, and the optimiser."""

    def __init__(self, resume: Path | None, *, preliminary_only: bool = False) -> None:
        self.preliminary_only = preliminary_only
        self.network = Network(NetworkConfig()).cuda().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if resume:
            self.network.load_state_dict(load_file(resume))
        self.average = Network(NetworkConfig()).cuda().to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
        self.average.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(
            (self.network.preliminary if preliminary_only else self.network).parameters(),
            LEARNING_RATE,
            weight_decay=WEIGHT_DECAY,
            betas=(0.9, 0.98),
            fused=True,
        )
        self.step = 0

    def learn(self, shot: Shot, *, panorama: bool, rate: float) -> dict[str, torch.Tensor]:
        """One step; returns the terms of the loss. A step whose gradient is not finite is left out."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate * min((self.step + 1) / WARM_UP, 1)
        with torch.autocast("cuda", torch.bfloat16):
            if self.preliminary_only:
                curve = self.network.preliminary(look(shot.photo, panorama=panorama))
            else:
                radiance, curve = self.network(shot.photo, panorama=panorama, camera=shot.camera)
        if self.preliminary_only:
            parts = losses.curve_terms(curve, shot)
        else:
            parts = losses.terms(radiance, shot, curve, panorama=panorama)
        self.optimiser.zero_grad(set_to_none=True)
        losses.total(parts).backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if bool(torch.isfinite(norm)):
            self.optimiser.step()
        else:
            print(f"step {self.step}: the gradient is not finite, step left out", flush=True)
        decay = min(EMA, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1 - decay)
        self.step += 1
        return {name: value.detach() for name, value in parts.items()}

    def save(self, folder: Path) -> None:
        """average.safetensors (what ships, half precision) and last.safetensors (to go on from)."""
        folder.mkdir(parents=True, exist_ok=True)
        settings = {"config": json.dumps(asdict(self.network.config))}
        for name, model, kind in (("average", self.average, torch.float16), ("last", self.network, torch.float32)):
            state = {k: v.to(kind).contiguous() for k, v in model.state_dict().items()}
            save_file(state, folder / f"{name}.safetensors", settings)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--preliminary-only", action="store_true", help="train that module alone: its steps are far faster")
    parser.add_argument("--minutes", type=float, required=True)
    options = parser.parse_args()
    torch.manual_seed(SEED)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    learn, held = data.load(options.data, torch.device("cuda"))
    print(f"{len(learn.panoramas)}+{len(held.panoramas)} panoramas, {len(learn.stills)}+{len(held.stills)} stills", flush=True)
    trainer = Trainer(options.resume, preliminary_only=options.preliminary_only)
    began = reported = time.monotonic()
    while (done := (time.monotonic() - began) / (60 * options.minutes)) < 1:
        shot, panorama = batch(learn, trainer.step)
        rate = LEARNING_RATE * (0.5 * (1 + math.cos(math.pi * done)) + 0.005)
        parts = trainer.learn(shot, panorama=panorama, rate=rate)
        if time.monotonic() - reported > REPORT_EVERY and panorama:
            reported = time.monotonic()
            now, shown = ({k: round(float(v), 3) for k, v in p.items()} for p in (parts, held_out(trainer.average, held)))
            print(f"{done:.3f} step {trainer.step} train {now} held {shown}", flush=True)
            trainer.save(options.out)
    trainer.save(options.out)
    print(f"end: step {trainer.step}, held { ({k: round(v, 4) for k, v in held_out(trainer.average, held).items()}) }")
    return 0


if __name__ == "__main__":
    sys.exit(main())
