"""Make trained weights the ones that ship: `python -m training.ship CHECKPOINT --version V`. Writes the file and its record."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save

from hdr_core.network.model import Network, NetworkConfig
from hdr_core.network.weights import RECORD, WEIGHTS, load_network

_LAST_OF_BEND = ("preliminary.bend.4.weight", "preliminary.bend.4.bias")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--bend", type=float, default=1.0, help="share of the trained bend of the response curve that ships")
    parser.add_argument("--widen", type=float, default=1.0, help="the interval of restored light, times its own width")
    options = parser.parse_args(arguments)
    state = load_file(options.checkpoint)
    Network(NetworkConfig()).load_state_dict(state)  # it must fit the form that ships
    for name in _LAST_OF_BEND:
        state[name] = options.bend * state[name].float()
    state["energy.interval"] = options.widen * state["energy.interval"].float()
    write(state, WEIGHTS, RECORD, options.version, asdict(NetworkConfig()))
    print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size:,} bytes, version {load_network(WEIGHTS, RECORD)[1]}")
    return 0


def write(state: dict[str, torch.Tensor], weights: Path, record: Path, version: str, config: dict[str, Any]) -> None:
    """Weights in half precision, and the record by which they are known."""
    data = save({name: tensor.to(torch.float16).contiguous() for name, tensor in sorted(state.items())})
    weights.write_bytes(data)
    known = {"version": version, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "config": config}
    record.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
