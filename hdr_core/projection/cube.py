"""Cube maps: six faces in one picture (crosses and strips), and the lens that looks at them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from .face_files import FACES
from .lenses import Lens, Seen

_NEARLY = 0.02  # of its shape, that a picture may be off
_EDGE = 1  # pixels of its neighbours around each face
_AXES = {  # of each face: where it lies, its right, and its lower edge; in the photo's axes
    "front": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "right": ((0, -1, 0), (-1, 0, 0), (0, 0, -1)),
    "back": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
    "left": ((0, 1, 0), (1, 0, 0), (0, 0, -1)),
    "top": ((0, 0, 1), (0, -1, 0), (1, 0, 0)),
    "bottom": ((0, 0, -1), (0, -1, 0), (-1, 0, 0)),
}
_ALL_AXES = torch.tensor([_AXES[name] for name in FACES], dtype=torch.float32)


@dataclass(frozen=True)
class Cells:
    """Where cells lie in a picture: the upper left corner of all, and the size of each, in pixels."""

    left: float
    top: float
    wide: float
    high: float


@dataclass(frozen=True)
class Layout:
    """name; columns, rows: of cells; places: of each face its column, its row, and by how many quarters it is turned.

    cells: where they lie in a picture that is not exactly of this shape; None where it is.
    """

    name: str
    columns: int
    rows: int
    places: dict[str, tuple[int, int, int]]
    cells: Cells | None = None

    def faces(self, picture: np.ndarray) -> np.ndarray:
        """(6, n, n, C), in the order of `FACES`."""
        size = picture.shape[0] // self.rows
        cells = self.cells or Cells(0, 0, size, size)
        return np.stack(
            [
                np.rot90(_cell(picture, cells, column, row), turns)
                for column, row, turns in (self.places[name] for name in FACES)
            ]
        )

    def blank(self) -> Iterator[tuple[int, int]]:
        """Column and row of each cell that has no face."""
        taken = {place[:2] for place in self.places.values()}
        yield from ((x, y) for y in range(self.rows) for x in range(self.columns) if (x, y) not in taken)


_SIDES = {"left": (0, 1, 0), "front": (1, 1, 0), "right": (2, 1, 0), "top": (1, 0, 0), "bottom": (1, 2, 0)}
LAYOUTS = (
    Layout("horizontal cross", 4, 3, {**_SIDES, "back": (3, 1, 0)}),
    Layout("vertical cross", 3, 4, {**_SIDES, "back": (1, 3, 2)}),
    Layout("strip", 6, 1, {name: (place, 0, 0) for place, name in enumerate(FACES)}),
    Layout("vertical strip", 1, 6, {name: (0, place, 0) for place, name in enumerate(FACES)}),
)


def _cell(picture: np.ndarray, cells: Cells, column: int, row: int) -> np.ndarray:
    """As a square; what of it would lie beyond the picture's edge is as the edge."""
    size = round(max(cells.wide, cells.high))
    place = (np.arange(size) + 0.5) / size
    x, y = cells.left + (column + place) * cells.wide - 0.5, cells.top + (row + place) * cells.high - 0.5
    return _between(_between(picture, y, 0), x, 1)


def _between(picture: np.ndarray, place: np.ndarray, axis: int) -> np.ndarray:
    """The lines of a picture at `place`, counted from the middle of its first."""
    before = np.floor(place + 1e-6)
    share = (place - before).astype(np.float32)
    lines = [picture.take((before + step).astype(int).clip(0, picture.shape[axis] - 1), axis) for step in (0, 1)]
    if share.max() < 1e-3:
        return lines[0]
    share = share.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    between = lines[0] * (1 - share) + lines[1] * share
    return between if picture.dtype.kind == "f" else np.rint(between).astype(picture.dtype)


def nearly(layout: Layout, width: int, height: int) -> list[Layout]:
    """Ways in which a picture that is not quite of a layout's shape may hold it: scaled, padded, cut. None where far off."""
    wide, high = width / layout.columns, height / layout.rows
    if abs(wide / high - 1) > _NEARLY:
        return []
    found = {Cells(0, 0, wide, high): None}
    for size in (round(wide), round(high)):
        spare = width - size * layout.columns, height - size * layout.rows
        for left, top in itertools.product(*({0.0, float(rest // 2), float(rest)} for rest in spare)):
            found[Cells(left, top, size, size)] = None
    margin = (layout.columns * height - layout.rows * width) / (2 * (layout.columns - layout.rows))  # the same on all sides
    if 0 < margin <= _NEARLY * height and margin.is_integer():
        found[Cells(margin, margin, (width - 2 * margin) / layout.columns, (height - 2 * margin) / layout.rows)] = None
    return [replace(layout, cells=cells) for cells in found]


def layout_for(width: int, height: int) -> Layout | None:
    """The layout of a picture of this shape, if it is a cube map at all."""
    return next(
        (layout for layout in LAYOUTS if width * layout.rows == height * layout.columns and height >= layout.rows), None
    )


@dataclass(frozen=True)
class Cube(Lens):
    """Looks at an atlas of faces, see `atlas`. size: of a face, without its edge."""

    size: int

    @property
    def middle(self) -> float:
        return self.size / 2

    @property
    def most(self) -> float:
        return self.size * 1.5  # in a corner

    def look(self, direction: Tensor) -> Iterator[Seen]:
        face, x, y = _on_face(direction, self.size)
        yield Seen(x + _EDGE, y + _EDGE + face * (self.size + 2 * _EDGE), torch.full_like(x, torch.inf))


def atlas(faces: np.ndarray) -> tuple[np.ndarray, Cube]:
    """(6, n, n, C) float32 faces, each with an edge of its neighbours' pixels, one below the other; and their lens."""
    size = faces.shape[1]
    whole = np.pad(faces, ((0, 0), (_EDGE, _EDGE), (_EDGE, _EDGE), (0, 0)), "edge")
    for face, beyond, y, x in _edges(faces):
        whole[face, y, x] = beyond
    return whole.reshape(-1, *whole.shape[2:]), Cube(size + 2 * _EDGE, 6 * (size + 2 * _EDGE), size)


def seams(faces: np.ndarray, blank: np.ndarray | None = None) -> float:
    """The mean step from each face's last pixels to its neighbours' first, in the faces' units.

    blank: (C,), a colour of no face: where both sides have it, they say nothing. Infinite where none says anything.
    """
    ends = [(beyond, faces[face, (y - 1).clip(0, None), (x - 1).clip(0, None)]) for face, beyond, y, x in _inner(faces)]
    beyond, last = (np.stack(side).reshape(-1, faces.shape[-1]) for side in zip(*ends, strict=True))
    steps = np.abs(beyond - last).mean(-1)
    if blank is not None:
        steps = steps[np.maximum(np.abs(beyond - blank), np.abs(last - blank)).max(-1) > 1]
    return float(steps.mean()) if len(steps) else math.inf


def _inner(faces: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    last = faces.shape[1]
    for face, beyond, y, x in _edges(faces):
        yield face, beyond, y.clip(1, last), x.clip(1, last)


def _edges(faces: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """Of each face: what its neighbours show beyond its edge, (m, C), and where that goes in the face with its edge."""
    size = faces.shape[1]
    y, x = np.mgrid[0 : size + 2, 0 : size + 2]
    rim = (y == 0) | (x == 0) | (y == size + 1) | (x == size + 1)
    y, x = y[rim], x[rim]
    across, down = (torch.from_numpy(2 * (place - 0.5) / size - 1).float()[:, None] for place in (x, y))
    for face in range(6):
        axis, right, lower = _ALL_AXES[face]
        other, column, row = _on_face(axis + across * right + down * lower, size)
        index = [place.floor().long().clamp(0, size - 1).numpy() for place in (row, column)]
        yield face, faces[other.numpy(), index[0], index[1]], y, x


def _on_face(direction: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The face that each direction meets, and where, in its pixels."""
    along = direction @ _ALL_AXES[:, 0].T
    depth, face = along.max(-1)
    axes = _ALL_AXES[face]
    across, down = (direction * axes[..., 1, :]).sum(-1) / depth, (direction * axes[..., 2, :]).sum(-1) / depth
    return face, (across + 1) * (size / 2), (down + 1) * (size / 2)
