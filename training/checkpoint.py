"""Where a training stands, in files small enough to carry: weights, their average, the optimiser's moments."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from hdr_core.network.model import Network

SHARD = 14 * 2**20  # bytes
MOMENTS = ("exp_avg", "exp_avg_sq")


def save_average(average: Network, path: Path) -> None:
    """The averaged weights in half precision, and the network's form: what `training.ship` takes."""
    state = {name: value.to(torch.float16).contiguous() for name, value in average.state_dict().items()}
    save_file(state, path, {"config": json.dumps(asdict(average.config))})


def save_checkpoint(folder: Path, network: nn.Module, optimiser: Optimizer, step: int, done: float) -> None:
    """All that `load_checkpoint` needs: weights (float32), moments (bfloat16), the step, and the share of the schedule done."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {f"weight.{name}": value.float() for name, value in network.state_dict().items()}
    for name, parameter in network.named_parameters():
        for moment in MOMENTS:
            if moment in optimiser.state[parameter]:
                state[f"{moment}.{name}"] = optimiser.state[parameter][moment].to(torch.bfloat16)
    for old in folder.glob("state-*.safetensors"):
        old.unlink()
    for number, shard in enumerate(_shards(state)):
        save_file(shard, folder / f"state-{number}.safetensors", {"step": str(step), "done": str(done)})


def load_checkpoint(folder: Path, network: nn.Module, optimiser: Optimizer) -> tuple[int, float]:
    """Put a checkpoint into `network` and `optimiser`. Returns the step, and the share of the schedule done, in [0, 1].

    Raises FileNotFoundError where there is none, RuntimeError where it is of another network.
    """
    paths = sorted(folder.glob("state-*.safetensors"))
    if not paths:
        raise FileNotFoundError(f"no checkpoint (state-0.safetensors, ...) in {folder}: name the folder of an earlier --out")
    state: dict[str, Tensor] = {}
    for path in paths:
        state |= load_file(path)
    with safe_open(paths[0], "pt") as file:
        written = file.metadata()
    network.load_state_dict({name.removeprefix("weight."): v for name, v in state.items() if name.startswith("weight.")})
    step = int(written["step"])
    for name, parameter in network.named_parameters():
        if f"{MOMENTS[0]}.{name}" in state:
            moments = {moment: state[f"{moment}.{name}"].to(parameter) for moment in MOMENTS}
            optimiser.state[parameter] = {"step": torch.tensor(float(step), device=parameter.device), **moments}
    return step, float(written["done"])


def _shards(state: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    shards: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, value in state.items():
        value = value.contiguous()  # noqa: PLW2901
        if size + value.nbytes > SHARD and shards[-1]:
            shards.append({})
            size = 0
        shards[-1][name] = value
        size += value.nbytes
    return shards
