"""Where the network runs: the GPU where there is one, else the CPU."""

from __future__ import annotations

from .errors import DeviceError
from .settings import Device


def choose_device(asked: Device) -> str:
    """The torch device for `asked`: "cuda", "mps" or "cpu". Raises DeviceError if a device asked for by name is not there."""
    import torch

    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if asked == "auto":
        return next(name for name, there in found.items() if there)
    if not found[asked]:
        raise DeviceError(f"The device {asked!r} is not available to torch {torch.__version__}.", 'Choose "auto" or "cpu".')
    return asked
