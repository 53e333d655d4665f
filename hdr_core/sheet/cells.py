"""The places on a sheet, and how pictures are put there. numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .text import draw_text, line_height, text_width

_EMPTY = 16  # what a picture of another shape leaves of its place


@dataclass(frozen=True)
class Cell:
    """A rectangle on a canvas, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def split(self, count: int, gap: int) -> list[Cell]:
        """`count` cells of one width side by side, `gap` pixels between them."""
        width = (self.width - (count - 1) * gap) // count
        return [Cell(self.left + number * (width + gap), self.top, width, self.height) for number in range(count)]


def stops(ev: float) -> str:
    """An exposure, as it is written: "0 EV", "-3 EV", "+0.5 EV"."""
    return f"{ev:+.2g} EV" if ev else "0 EV"


def caption(canvas: np.ndarray, cell: Cell, text: str) -> int:
    """Write `text` above the cell; returns the column where it ends."""
    draw_text(canvas, cell.left, cell.top - 23, text, size=16, colour=(210, 210, 210))
    return cell.left + text_width(text, 16)


def put(canvas: np.ndarray, cell: Cell, picture: np.ndarray, label: str = "") -> None:
    """Put a picture, (h, w, 3) uint8 and no larger than the cell, into its middle, with a label in the picture's corner."""
    canvas[cell.top : cell.top + cell.height, cell.left : cell.left + cell.width] = _EMPTY
    height, width = picture.shape[:2]
    top, left = cell.top + (cell.height - height) // 2, cell.left + (cell.width - width) // 2
    canvas[top : top + height, left : left + width] = picture
    if label:
        plate = canvas[cell.top : cell.top + line_height(14) + 2, cell.left : cell.left + text_width(label, 14) + 12]
        plate[:] = plate // 4
        draw_text(canvas, cell.left + 6, cell.top + 1, label, colour=(235, 235, 235))


def put_row(canvas: np.ndarray, cell: Cell, pictures: np.ndarray, covered: np.ndarray, names: Sequence[str]) -> None:
    """Put pictures, (N, h, w, 3) uint8, side by side where `covered`, (h, w) in [0, 1], with their names below."""
    for place, picture, name in zip(cell.split(len(pictures), 12), pictures, names, strict=True):
        left = place.left + (place.width - picture.shape[1]) // 2
        ground = canvas[place.top : place.top + len(picture), left : left + picture.shape[1]]
        ground[:] = np.rint(ground + (picture.astype(np.float32) - ground) * covered[..., None])
        draw_text(canvas, place.left + place.width // 2, place.top + len(picture) + 5, name, align="centre")
