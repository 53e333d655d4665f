"""What a Python can do for us: its packages, the devices that its torch finds, and whether the network runs on one of them."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .runtime import REQUIREMENTS, package_of, require
from .settings import Device


@dataclass(frozen=True)
class Runtime:
    """python: its version; executable: where it is. packages: version by name. torch_folder: where torch was imported from.

    devices: what torch finds, by the names of `Device`: a GPU's name and memory, the CPU's threads. device: the one that was
    tried. seconds: what restoring a small picture took on it, the network loaded already.
    """

    python: str
    executable: str
    packages: dict[str, str]
    torch_folder: str
    devices: dict[str, str]
    device: str
    seconds: float

    @classmethod
    def from_plain(cls, fields: Mapping[str, Any]) -> Runtime:
        """From `dataclasses.asdict`, also after a way through JSON."""
        return cls(**fields)


def inspect_runtime(device: Device) -> Runtime:
    """Look at this Python, and restore a small picture on `device`.

    Raises RuntimeMissingError, DeviceError, WeightsError where that does not work.
    """
    for module in REQUIREMENTS:
        require(module)
    import numpy as np
    import torch

    from .photo import Photo
    from .reconstruct import reconstruct

    ramp = np.linspace(0, 255, 64 * 128 * 3).astype(np.uint8).reshape(64, 128, 3)
    photo = Photo(ramp, None, "sRGB")
    device_used = reconstruct(photo, panorama=True, device=device).device
    began = time.perf_counter()
    reconstruct(photo, panorama=True, device=device)
    return Runtime(
        python=platform.python_version(),
        executable=sys.executable,
        packages={module: version(package_of(module)) for module in REQUIREMENTS},
        torch_folder=str(Path(torch.__file__).parent),
        devices=_devices(),
        device=device_used,
        seconds=time.perf_counter() - began,
    )


def _devices() -> dict[str, str]:
    import torch

    found = {"cpu": f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"}
    if torch.cuda.is_available():
        gpus = (torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count()))
        found["cuda"] = ", ".join(f"{gpu.name} ({gpu.total_memory / 2**30:.0f} GiB)" for gpu in gpus)
    if torch.backends.mps.is_available():
        found["mps"] = platform.processor() or "Apple"
    return found
