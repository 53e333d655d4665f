"""The shipped weights: safetensors files, known by their checksums. No pickle is ever loaded."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from ..errors import WeightsError
from .model import Network, NetworkConfig
from .sphere_net import SphereNet

WEIGHTS = Path(__file__).with_name("ldr_to_hdri.safetensors")
RECORD = Path(__file__).with_name("weights.json")
SPHERE_WEIGHTS = Path(__file__).with_name("sphere.safetensors")
SPHERE_RECORD = Path(__file__).with_name("sphere.json")
_REPAIR = "Install the extension again, or restore the file."
_Net = TypeVar("_Net", bound=nn.Module)


@dataclass(frozen=True)
class Record:
    """What belongs to a weights file: its version, SHA-256 and size in bytes, and the settings of its network."""

    version: str
    sha256: str
    size: int
    config: dict[str, Any]


def read_record(path: Path = RECORD) -> Record:
    """The record of shipped weights. Raises WeightsError if it is missing or damaged."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        form = {str(name): tuple(v) if isinstance(v, list) else v for name, v in record["config"].items()}
        return Record(str(record["version"]), str(record["sha256"]), int(record["size"]), form)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, error) from error


def load_network(weights: Path = WEIGHTS, record: Path = RECORD) -> tuple[Network, str]:
    """The trained network, float32 on the CPU, ready to infer, and the weights' version.

    Raises WeightsError if a file is missing, or is not the one that the record describes.
    """
    known = read_record(record)
    try:
        network = Network(NetworkConfig(**known.config))
    except TypeError as error:
        raise _unreadable(record, error) from error
    return _trained(network, weights, known), known.version


def load_sphere_network(weights: Path = SPHERE_WEIGHTS, record: Path = SPHERE_RECORD) -> tuple[SphereNet, str]:
    """The network that tells the rest of the sphere, and its weights' version; as of `load_network`."""
    known = read_record(record)
    try:
        network = SphereNet(**known.config)
    except TypeError as error:
        raise _unreadable(record, error) from error
    return _trained(network, weights, known), known.version


def _unreadable(record: Path, error: Exception) -> WeightsError:
    return WeightsError(f'The record of the weights "{record}" cannot be read: {error}.', _REPAIR)


def _trained(network: _Net, weights: Path, known: Record) -> _Net:
    from safetensors import SafetensorError
    from safetensors.torch import load

    data = _checked(weights, known)
    try:
        network.load_state_dict({name: tensor.float() for name, tensor in load(data).items()})
    except (SafetensorError, RuntimeError) as error:
        raise WeightsError(f'The weights "{weights}" do not fit this version of the network.', _REPAIR) from error
    return network.eval().requires_grad_(False)


def _checked(weights: Path, known: Record) -> bytes:
    """The file's content, which is what the record says."""
    try:
        data = weights.read_bytes()
    except OSError as error:
        raise WeightsError(f'The weights "{weights}" cannot be read: {error.strerror}.', _REPAIR) from error
    if len(data) != known.size:
        raise WeightsError(f'The weights "{weights}" have {len(data)} bytes instead of {known.size}.', _REPAIR)
    if hashlib.sha256(data).hexdigest() != known.sha256:
        raise WeightsError(f'The weights "{weights}" are damaged: their checksum is wrong.', _REPAIR)
    return data
