"""Results on their way from the device to the processor's memory, while the device goes on with the next photo."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LARGEST_PINNED = 2**29
"""Bytes. What a GPU can write to by itself cannot be swapped out, and is kept for the next photo."""


class Transfers:
    """Those of one photo. Make it on the thread, and with the current stream, that computes what is brought."""

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def room(self, *shape: int) -> Tensor:
        """Memory of the processor for float32 results."""
        if self._stream is not None and 4 * math.prod(shape) <= LARGEST_PINNED:
            try:
                return torch.empty(shape, pin_memory=True)
            except RuntimeError:  # neither the system nor CUDA has more of it: slower, as good
                pass
        return torch.empty(shape)

    def bring(self, result: Tensor, to: Tensor) -> None:
        """Copy `result` into `to`, which is there after `wait`."""
        if self._stream is None or not (to.is_pinned() and to.is_contiguous()):
            to.copy_(result)
            return
        result = result.contiguous()
        self._stream.wait_stream(torch.cuda.current_stream(result.device))
        with torch.cuda.stream(self._stream):
            to.copy_(result, non_blocking=True)
        result.record_stream(self._stream)

    def wait(self) -> None:
        """Until all that was brought is there, asleep: a thread that asks over and over takes a processor from the others."""
        if self._stream is not None:
            brought = torch.cuda.Event(blocking=True)
            brought.record(self._stream)
            brought.synchronize()


def release_pinned() -> None:
    """Give back what `room` keeps for later."""
    empty = getattr(torch._C, "_host_emptyCache", None)  # from torch 2.5 on
    if empty is not None:
        empty()
