"""The network as a photo needs it, on one device.

On NVIDIA with our own kernels, and its many small steps as one CUDA graph; on a processor in chunks that fit its caches;
elsewhere as plain torch has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from torch import Tensor

from ..device import is_out_of_memory
from . import chunked, fused
from .glow import glow, settled
from .model import Guidance, Network
from .padding import is_tiling
from .view import View, pool

_MOST_GRAPHS = 4  # one for each form of photo; each keeps about 0.2 GiB


class Inference:
    """Runs a network on photos, one at a time. Call its methods under `torch.inference_mode`."""

    def __init__(self, network: Network, device: torch.device) -> None:
        self.network = network.to(device)
        self.device = device
        self.fused = fused.fits(network.config, device)
        self._guide = Graphed(self._guidance) if self.fused else self._guidance
        with torch.inference_mode():
            self._heads = fused.LightWeights(self.network.heads) if self.fused else None

    def pool(self, photo: Tensor, size: tuple[int, int], white: float) -> Tensor:
        """As `view.pool`, of a photo on the device, (3, H, W) code values up to `white` of any type: (1, 11, h, w)."""
        return fused.pool(photo, size, white) if self.fused else pool((photo.float() / white)[None], size)

    def glow(self, photo: Tensor, size: tuple[int, int], white: float) -> Tensor:
        """As `glow.glow`, of a photo as in `pool`: (1, 3, h, w)."""
        return fused.glow(photo, size, white) if self.fused else glow((photo.float() / white)[None], size)

    def guidance(self, view: View, glow: Tensor, camera: Tensor | None, *, quick: bool = False) -> Guidance:
        """What the whole photo says to each of its pixels; glow (1, 3, h, w): see `glow.glow`; camera: as in
        `Network.overview`.

        quick: good enough for a preview, in half of the time where that is long.
        """
        return settled(self._guide(view, camera, self.fused or not quick), glow)

    def _guidance(self, view: View, camera: Tensor | None, twice: bool) -> Guidance:
        return self.network.guidance(view, self.network.overview(view, camera), twice=twice)

    def light(self, guidance: Guidance, size: tuple[int, int]) -> Callable[[Tensor, int, int], Tensor]:
        """The light part for a photo of `size` (H, W).

        Returns a function from the code values (1, 3, h + 2 halo, w + 2 halo) of a tile with its halo, and the row and column
        of the tile's first pixel, to its radiance (1, 3, h, w).
        """
        if self._heads is not None:
            return fused.LightPart(self._heads, guidance, size).restore
        if chunked.fits(self.network.config, self.device):
            return chunked.ChunkedLight(self.network.heads, guidance, size).restore
        halo = self.network.halo

        def restore(code: Tensor, row: int, column: int) -> Tensor:
            rows, columns = (
                torch.arange(first - halo, first - halo + side, device=code.device)
                for first, side in ((row, code.shape[-2]), (column, code.shape[-1]))
            )
            return self.network.restore(code, guidance, rows, columns, size)

        return restore


@dataclass
class _Capture:
    graph: torch.cuda.CUDAGraph
    inputs: list[Tensor]
    result: Any


class Graphed:
    """A function of tensors, and of dataclasses of such, that waits for nothing.

    It is replayed as a CUDA graph, a thousand launches at once: always, so that the first photo gets the same as every other.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._captured: dict[str, _Capture | None] = {}

    def __call__(self, *arguments: Any) -> Any:
        inputs: list[Tensor] = []
        key = repr((is_tiling(), _form(arguments, inputs)))
        if key not in self._captured:
            if len(self._captured) >= _MOST_GRAPHS:
                del self._captured[next(iter(self._captured))]
            self._captured[key] = self._capture(arguments)
        captured = self._captured[key]
        if captured is None:
            return self._function(*arguments)
        for own, given in zip(captured.inputs, inputs, strict=True):
            own.copy_(given)
        captured.graph.replay()
        return _mapped(captured.result, torch.clone)

    def _capture(self, arguments: Any) -> _Capture | None:
        own = _mapped(arguments, torch.clone)
        self._function(*own)  # libraries set themselves up in a first call, which cannot be captured
        graph = torch.cuda.CUDAGraph()
        try:
            torch.cuda.synchronize()
            with torch.cuda.graph(graph):
                result = self._function(*own)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            return None  # a library that cannot be captured: slower, as good
        inputs: list[Tensor] = []
        _form(own, inputs)
        return _Capture(graph, inputs, result)


def _form(value: Any, tensors: list[Tensor]) -> Any:
    """What `value` is beside the numbers in its tensors, which are appended to `tensors`."""
    if isinstance(value, Tensor):
        tensors.append(value)
        return (tuple(value.shape), value.dtype)
    if isinstance(value, tuple):
        return tuple(_form(v, tensors) for v in value)
    if is_dataclass(value) and not isinstance(value, type):
        return (type(value).__name__, *(_form(getattr(value, f.name), tensors) for f in fields(value)))
    return value


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """`value` with every tensor in it changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_mapped(v, change) for v in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{f.name: _mapped(getattr(value, f.name), change) for f in fields(value)})
    return value
