"""The network under training: its running average, its optimiser, one step, and where it stands on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file

from hdr_core.network.blocks import block_statistics
from hdr_core.network.model import Network, NetworkConfig, Overview
from hdr_core.network.place import features
from hdr_core.network.statistics import COUNT
from hdr_core.network.view import View, look

from . import losses
from .camera import Shot
from .checkpoint import load_checkpoint, save_average, save_checkpoint

LEARNING_RATE = 1e-3
ENERGY_RATE = 3.0  # the energy head's, times the others'
WEIGHT_DECAY, ENERGY_DECAY = 0.05, 0.3
WARM_UP = 200  # steps
EMA = 0.998
AVERAGE = "average.safetensors"
Part = Literal["all", "overview", "restoring"]
PARTS = {
    "overview": ("preliminary.", "energy.", "place."),
    "restoring": ("backbone.", "gain.", "detail.", "guide.", "heads."),
}


class Trainer:
    """`step` counts steps; `done` is the share of the schedule that they covered, in [0, 1], kept for whoever goes on."""

    def __init__(self, config: NetworkConfig, device: torch.device, *, part: Part = "all") -> None:
        self.device = device
        self.network = self._placed(Network(config))
        self.average = self._placed(Network(config)).eval()
        self.average.load_state_dict(self.network.state_dict())
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(part == "all" or name.startswith(PARTS[part]))
        energy = set(self.network.energy.parameters())
        learning = [p for p in self.network.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": [p for p in learning if p not in energy], "factor": 1.0, "weight_decay": WEIGHT_DECAY},
                {"params": [p for p in learning if p in energy], "factor": ENERGY_RATE, "weight_decay": ENERGY_DECAY},
            ],
            LEARNING_RATE,
            betas=(0.9, 0.98),
        )
        self.step, self.done = 0, 0.0

    def _placed(self, network: Network) -> Network:
        return network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def start_from(self, weights: Path) -> None:
        """Begin a new schedule with trained weights."""
        for model in (self.network, self.average):
            model.load_state_dict(load_file(weights))

    @torch.no_grad()
    def fit_scale(self, shots: list[Shot]) -> None:
        """Let the network know the scale of its statistics, from photos of panoramas."""
        seen, of_scene, blocks, pixels, bright = [], [], [], [], []
        for shot in shots:
            overview, view = self._overview(shot, panorama=True)
            seen.append(overview.observed[:, :COUNT])
            of_scene.append(overview.clipped.scene)
            bright.append(overview.clipped.pixels()[::16])
            blocks.append(block_statistics(view.crops))
            over = view.pooled[:, 6:9]
            around = features(overview.radiance, over, overview.energy.log_ratio, panorama=True).permute(0, 2, 3, 1)
            pixels.append(around[over.amax(1) > 0][::64])
        for model in (self.network, self.average):
            model.energy.fit_scale(torch.cat(seen))
            model.energy.photos.fit_scale(torch.cat([torch.cat(seen), torch.cat(of_scene)], 1), torch.cat(bright))
            model.preliminary.fit_scale(torch.cat(blocks))
            model.place.fit_scale(torch.cat(pixels))

    @torch.no_grad()
    def calibrate(self, shots: list[Shot], share: float = 0.8) -> float:
        """Set the interval of the energy head so that it holds the truth of `share` of the photos of held-out panoramas."""
        apart = []
        for shot in shots:
            view = look(shot.photo, panorama=True)
            overview = self.average.overview(view)
            error = losses.energy_error(overview, shot, panorama=True)
            apart.append(error.mean(1).abs() * self.average.energy.interval / overview.energy.spread)
        interval = torch.cat(apart).quantile(share)
        for model in (self.network, self.average):
            model.energy.interval.copy_(interval)
        return float(interval)

    def resume(self, folder: Path) -> None:
        """Go on where `save` left off."""
        self.step, self.done = load_checkpoint(folder, self.network, self.optimiser)
        self.average.load_state_dict(load_file(folder / AVERAGE))

    def save(self, folder: Path) -> None:
        save_checkpoint(folder, self.network, self.optimiser, self.step, self.done)
        save_average(self.average, folder / AVERAGE)

    def learn(self, shot: Shot | None, whole: Shot | None, *, panorama: bool, rate: float) -> dict[str, torch.Tensor]:
        """One step; returns the terms of the loss. A step whose gradient is not finite is left out.

        whole: many small panoramas, for what is learnt from photos as a whole. At least one of the two is needed.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["factor"] * min((self.step + 1) / WARM_UP, 1)
        parts = {} if shot is None else self._terms(shot, panorama=panorama)
        if whole is not None:
            for name, value in losses.overview_terms(self._overview(whole, panorama=True)[0], whole, panorama=True).items():
                parts[name] = (parts[name] + value) / 2 if name in parts else value
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

    def _overview(self, shot: Shot, *, panorama: bool) -> tuple[Overview, View]:
        view = look(shot.photo, panorama=panorama)
        return self.network.overview(view, shot.camera), view

    def _terms(self, shot: Shot, *, panorama: bool) -> dict[str, torch.Tensor]:
        with torch.autocast(self.device.type, torch.bfloat16):
            restored = self.network(shot.photo, panorama=panorama, camera=shot.camera)
        return losses.terms(restored, shot, panorama=panorama)
