"""An equirectangular map's pixels as directions in a photo's axes, and the blocks of them that the photo shows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .lenses import Lens, Seen

_CELLS = 256  # of the map's width: a look at their middles passes over what is far from the photo
_ROWS = 32  # of a block
_SAMPLES = {"cpu": 2**21, "cuda": 2**24}  # of a block


@dataclass(frozen=True)
class Block:
    """Rows and columns of the map; fine: so many samples a side of each pixel are half a pixel of the photo apart, or less."""

    rows: slice
    columns: slice
    fine: int


@dataclass(frozen=True)
class MapGrid:
    """width: of the map, even; turn: (3, 3), from the photo's axes to the map's."""

    width: int
    turn: np.ndarray
    device: torch.device

    @property
    def height(self) -> int:
        return self.width // 2

    @property
    def density(self) -> float:
        """Pixels a radian."""
        return self.width / (2 * math.pi)

    def directions(self, rows: slice, columns: slice, fine: int = 1) -> Tensor:
        """(h, w, 3) unit vectors of the middles of samples, `fine` a side of each pixel."""
        azimuth = math.pi - self._places(columns, fine) / self.density
        latitude = self._latitude(rows, fine)
        turn = torch.from_numpy(np.ascontiguousarray(self.turn, np.float64)).to(self.device)
        around = (azimuth.cos() * turn[0, :, None] + azimuth.sin() * turn[1, :, None]).float()
        up = (latitude.sin() * turn[2, :, None]).float()
        return (latitude.cos().float()[:, None] * around[:, None] + up[..., None]).movedim(0, -1)

    def areas(self, rows: slice, fine: int) -> Tensor:
        """(h, 1), how much of the sphere a sample covers beside one at the horizon."""
        return self._latitude(rows, fine).cos().float()[:, None]

    def _latitude(self, rows: slice, fine: int) -> Tensor:
        return math.pi / 2 - self._places(rows, fine) / self.density

    def _places(self, span: slice, fine: int) -> Tensor:
        count = (span.stop - span.start) * fine
        return span.start + (torch.arange(count, device=self.device, dtype=torch.float64) + 0.5) / fine


def blocks_seen(lens: Lens, grid: MapGrid, most: int) -> Iterator[Block]:
    """From top to bottom, blocks that hold every pixel that the picture may touch. most: samples a side of a pixel."""
    cells = MapGrid(_CELLS, grid.turn, grid.device)
    beside = math.sqrt(2) / 2 / cells.density  # radians from a cell's middle to its corner
    seen = _inside(lens.look(cells.directions(slice(0, cells.height), slice(0, _CELLS)))) > -lens.reach(beside)
    touched = seen.cpu().numpy()
    margin = 2.0 * lens.most / grid.density + 2
    for top in range(0, grid.height, _ROWS):
        rows = slice(top, min(top + _ROWS, grid.height))
        first, last = rows.start * cells.height // grid.height, (rows.stop - 1) * cells.height // grid.height
        for run in _runs(np.any(touched[first : last + 1], 0)):
            columns = slice(run.start * grid.width // _CELLS, -(-run.stop * grid.width // _CELLS))
            looks = list(lens.look(grid.directions(rows, columns)))
            near = (_inside(iter(looks)) > -margin).any(0).cpu().numpy()
            fine = min(most, max(2, math.ceil(2 * max(_step(look, -margin) for look in looks))))
            at_once = max(1, _SAMPLES[grid.device.type] // (fine**2 * _ROWS))
            for part in _runs(near):
                begin, end = columns.start + part.start, columns.start + part.stop
                yield from (Block(rows, slice(x, min(x + at_once, end)), fine) for x in range(begin, end, at_once))


def _inside(looks: Iterator[Seen]) -> Tensor:
    return torch.stack([seen.inside for seen in looks]).amax(0)


def _step(seen: Seen, least: float) -> float:
    """How many pixels of the picture neighbours in the map are apart, at most, where both are so far inside."""
    far = [torch.zeros(1, device=seen.x.device)]
    for axis in (0, 1):
        one, other = slice(0, -1), slice(1, None)
        both = torch.minimum(*(_part(seen.inside, axis, span) for span in (one, other))) > least
        for place in (seen.x, seen.y):
            far.append(((_part(place, axis, one) - _part(place, axis, other)).abs() * both).amax().view(1))
    return float(torch.cat(far).nan_to_num(math.inf).amax())


def _part(x: Tensor, axis: int, span: slice) -> Tensor:
    return x[span] if axis == 0 else x[:, span]


def _runs(mask: np.ndarray) -> list[slice]:
    ends = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return [slice(int(begin), int(end)) for begin, end in ends.reshape(-1, 2)]
