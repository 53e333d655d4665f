"""The network under training: its running average, its optimiser, one step, and where it stands on disk."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from hdr_core.network.model import Network, NetworkConfig
from hdr_core.network.view import look

from . import losses
from .camera import Shot
from .checkpoint import load_checkpoint, save_average, save_checkpoint

LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.03
WARM_UP = 200  # steps
EMA = 0.998
AVERAGE = "average.safetensors"


class Trainer:
    """`step` counts steps; `done` is the share of the schedule that they covered, in [0, 1], kept for whoever goes on."""

    def __init__(self, config: NetworkConfig, device: torch.device, *, preliminary_only: bool = False) -> None:
        self.device = device
        self.preliminary_only = preliminary_only
        self.network = self._placed(Network(config))
        self.average = self._placed(Network(config)).eval()
        self.average.load_state_dict(self.network.state_dict())
        trained = self.network.preliminary if preliminary_only else self.network
        self.optimiser = torch.optim.AdamW(trained.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.98))
        self.step, self.done = 0, 0.0

    def _placed(self, network: Network) -> Network:
        return network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def start_from(self, weights: Path) -> None:
        """Begin a new schedule with trained weights."""
        for model in (self.network, self.average):
            model.load_state_dict(load_file(weights))

    def resume(self, folder: Path) -> None:
        """Go on where `save` left off."""
        self.step, self.done = load_checkpoint(folder, self.network, self.optimiser)
        self.average.load_state_dict(load_file(folder / AVERAGE))

    def save(self, folder: Path) -> None:
        save_checkpoint(folder, self.network, self.optimiser, self.step, self.done)
        save_average(self.average, folder / AVERAGE)

    def learn(self, shot: Shot, *, panorama: bool, rate: float) -> dict[str, torch.Tensor]:
        """One step; returns the terms of the loss. A step whose gradient is not finite is left out."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate * min((self.step + 1) / WARM_UP, 1)
        parts = self._terms(shot, panorama=panorama)
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

    def _terms(self, shot: Shot, *, panorama: bool) -> dict[str, torch.Tensor]:
        if self.preliminary_only:
            return losses.curve_terms(self.network.preliminary(look(shot.photo, panorama=panorama)), shot)
        with torch.autocast(self.device.type, torch.bfloat16):
            radiance, curve = self.network(shot.photo, panorama=panorama, camera=shot.camera)
        return losses.terms(radiance, shot, curve, panorama=panorama)
