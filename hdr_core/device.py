"""Where the network runs: the GPU where there is one, else the CPU."""

from __future__ import annotations

import re

from .errors import DeviceError
from .settings import Device

# What torch and the libraries below it say of memory that is not there. Only some of it is torch.OutOfMemoryError: where a
# library, a kernel or CUDA itself finds no room, it is a RuntimeError, of cuDNN one that it found nothing that would run.
_FULL = re.compile(
    r"out of memory|(can't allocate|not enough) memory|_STATUS_(ALLOC_FAILED|NOT_INITIALIZED)|ALLOCATION_FAILED"
    r"|unable to find (an engine|a valid cuDNN algorithm)",
    re.IGNORECASE,
)


def choose_device(asked: Device) -> str:
    """The torch device for `asked`: "cuda", "mps" or "cpu". Raises DeviceError if a device asked for by name is not there."""
    import torch

    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if asked == "auto":
        return next(name for name, there in found.items() if there)
    if not found[asked]:
        raise DeviceError(f"The device {asked!r} is not available to torch {torch.__version__}.", 'Choose "auto" or "cpu".')
    return asked


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error`, or one that it came of, means that the memory of the GPU, or of the processor, is full."""
    import torch

    found: BaseException | None = error
    while found is not None:
        if isinstance(found, torch.OutOfMemoryError | MemoryError):
            return True
        if isinstance(found, RuntimeError) and _FULL.search(str(found)):
            return True
        found = found.__cause__ or found.__context__
    return False
