"""The shipped weights: a safetensors file, known by its checksum. No pickle is ever loaded."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import WeightsError
from .model import Network, NetworkConfig

WEIGHTS = Path(__file__).with_name("ldr_to_hdri.safetensors")
RECORD = Path(__file__).with_name("weights.json")
_REPAIR = "Install the extension again, or restore the file."


@dataclass(frozen=True)
class Record:
    """What belongs to a weights file: its version, SHA-256 and size in bytes, and the network's form."""

    version: str
    sha256: str
    size: int
    config: NetworkConfig


def read_record(path: Path = RECORD) -> Record:
    """The record of the shipped weights. Raises WeightsError if it is missing or damaged."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        form: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in record["config"].items()}
        return Record(str(record["version"]), str(record["sha256"]), int(record["size"]), NetworkConfig(**form))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f'The record of the weights "{path}" cannot be read: {error}.', _REPAIR) from error


def load_network(weights: Path = WEIGHTS, record: Path = RECORD) -> tuple[Network, str]:
    """The trained network, float32 on the CPU, ready to infer, and the weights' version.

    Raises WeightsError if a file is missing, or is not the one that the record describes.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    known = read_record(record)
    try:
        data = weights.read_bytes()
    except OSError as error:
        raise WeightsError(f'The weights "{weights}" cannot be read: {error.strerror}.', _REPAIR) from error
    if len(data) != known.size:
        raise WeightsError(f'The weights "{weights}" have {len(data)} bytes instead of {known.size}.', _REPAIR)
    if hashlib.sha256(data).hexdigest() != known.sha256:
        raise WeightsError(f'The weights "{weights}" are damaged: their checksum is wrong.', _REPAIR)
    network = Network(known.config)
    try:
        network.load_state_dict({name: tensor.float() for name, tensor in load(data).items()})
    except (SafetensorError, RuntimeError) as error:
        raise WeightsError(f'The weights "{weights}" do not fit this version of the network.', _REPAIR) from error
    return network.eval().requires_grad_(False), known.version
