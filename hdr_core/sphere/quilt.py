"""Strips of a photo's picture laid side by side around the sphere, each begun where it is most like what came before.

Image quilting (Efros and Freeman 2001) in whole columns of an equirectangular map, so that sky, horizon and ground keep their
elevations. Which strips follow each other is the cheapest way from the photo's right edge around to its left one; each seam is
the cheapest path from top to bottom. Next to the photo its mirror image goes on first, so that nothing ends at its edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .grid import between

_STRIP, _OVERLAP = 18.0, 8.0  # degrees, of a photo of _PHOTO degrees and more; of narrower ones in proportion
_PHOTO = 50.0
_UNEVEN = 0.25  # of a strip's length: how much longer or shorter one is, at random, so that nothing repeats evenly
_ANY = 0.3  # times the median cost of a seam, at random, for the same reason
_AGAIN = 0.7  # times the same, for a strip that goes back to where the last one began
_SHARP, _BROAD = 0.6, 1.2  # degrees: how wide a seam is blended, and how wide what is blended over the whole overlap
_TIE = 1e-3
_NEVER = float("inf")


@dataclass(frozen=True)
class _Layout:
    """bounds: (k + 1,), where the strips begin and end, pixels right of the photo; overlap: pixels, even."""

    bounds: np.ndarray
    overlap: int


def quilt(picture: Tensor, likeness: Tensor, gap: int, degree: float) -> Tensor | None:
    """What goes on around a photo, from its right edge to its left one.

    picture: (1, C, h, n), the photo's columns; likeness: (1, D, h, n), what strips are compared by; gap: how many columns the
    photo leaves out; degree: how many columns one degree has. Returns (1, C, h, gap), or None where the photo, or what it
    leaves out, is too narrow for two strips.
    """
    columns = picture.shape[-1]
    layout = _layout(columns, gap, degree)
    if layout is None:
        return None
    begins = _cheapest(likeness[0].permute(2, 0, 1).flatten(1).cpu(), layout)

    def strip(number: int, at: Tensor) -> Tensor:
        """Strip `number` at columns of the gap; before the first and after the last the photo's mirror image."""
        if number < 0:
            source = columns - 1 - at
        elif number == len(begins):
            source = gap - 1 - at
        else:
            source = at - int(layout.bounds[number]) + begins[number]
        return picture[..., source.clamp(0, columns - 1)]

    spans = [torch.arange(*layout.bounds[number : number + 2].tolist()) for number in range(len(begins))]
    laid = torch.cat([strip(number, span) for number, span in enumerate(spans)], -1)
    first = [0, *(layout.bounds[1:-1] - layout.overlap // 2).tolist(), gap - layout.overlap]
    at = torch.tensor(first)[:, None] + torch.arange(layout.overlap)
    left, right = (torch.cat([strip(number, place) for number, place in enumerate(at, from_)]) for from_ in (-1, 0))
    laid[..., at.flatten()] = _joined(left, right, degree).permute(1, 2, 0, 3).flatten(2)[None]
    return laid


def _layout(columns: int, gap: int, degree: float) -> _Layout | None:
    scale = min(degree, columns / _PHOTO)
    length = min(_STRIP * scale, gap / 2)
    overlap = min(int(_OVERLAP * scale), int(length / 2)) // 2 * 2
    if overlap < 4 or columns < 2 * length + overlap:
        return None
    count = max(2, round(gap / length))
    moved = np.random.default_rng(0).uniform(-_UNEVEN, _UNEVEN, count - 1) * length
    bounds = np.linspace(0, gap, count + 1) + np.array([0, *moved, 0])
    return _Layout(np.round(bounds).astype(int), overlap)


def _cheapest(columns: Tensor, layout: _Layout) -> list[int]:
    """At which of the photo's columns, (n, D), each strip begins."""
    half = layout.overlap // 2
    apart = torch.cdist(columns[None], columns[None])[0].square()
    alike = [functional.conv2d(apart[None, None], torch.eye(size)[None, None])[0, 0] for size in (2 * half, half)]
    jumps, ends = (sums.double().numpy() for sums in alike)  # from the columns around one place to those around another
    places = len(jumps)
    usual = float(np.median(jumps))
    rng = np.random.default_rng(1)
    cost, back = 2 * ends[:places, -1], []
    lengths = np.diff(layout.bounds)
    for number, length in enumerate(lengths):
        arrived = np.full(places, _NEVER)
        arrived[length:] = cost[: max(places - length, 0)]
        if number == len(lengths) - 1:
            last = int((arrived + 2 * ends[half : half + places, 0]).argmin())
            break
        place = np.arange(places)
        again = np.abs(place - (place[:, None] - length)) < length / 2
        total = arrived[:, None] + jumps + usual * (_AGAIN * again + rng.uniform(0, _ANY, jumps.shape))
        back.append(total.argmin(0))
        cost = total.min(0)
    begins = [last - int(lengths[-1])]
    for length, came in zip(lengths[-2::-1], back[::-1], strict=True):
        begins.append(int(came[begins[-1]]) - int(length))
    return [begin + half for begin in begins[::-1]]


def _joined(left: Tensor, right: Tensor, degree: float) -> Tensor:
    """(k, C, h, w) of both, from the left one to the right one: what is broad over the whole width, the rest along a seam."""
    width = left.shape[-1]
    path = _seam((_mean(left, 1) - _mean(right, 1)).square().sum(1))
    place = torch.arange(width, device=left.device)
    along = between(place - path[..., None], -_SHARP * degree, _SHARP * degree)[:, None]
    across = between(place, 0.0, width - 1.0)
    broad = max(1, round(_BROAD * degree))
    low, high = _mean(left, broad), _mean(right, broad)
    return torch.lerp(low, high, across.expand_as(low)) + torch.lerp(left - low, right - high, along.expand_as(low))


def _seam(cost: Tensor) -> Tensor:
    """(k, h), the column at which each row of `cost`, (k, h, w), is crossed for the least sum; rows move by at most one."""
    total = np.pad((cost + _TIE).cpu().numpy(), ((0, 0), (0, 0), (1, 1)), constant_values=_NEVER)
    for row in range(1, total.shape[1]):
        before = total[:, row - 1]
        total[:, row, 1:-1] += np.minimum(np.minimum(before[:, :-2], before[:, 1:-1]), before[:, 2:])
    path = np.empty(total.shape[:2], int)
    path[:, -1] = total[:, -1].argmin(1)
    for row in range(total.shape[1] - 2, -1, -1):
        near = path[:, row + 1, None] + np.array([-1, 0, 1])
        path[:, row] = near[:, 0] + np.take_along_axis(total[:, row], near, 1).argmin(1)
    width = cost.shape[-1]
    margin = width // 5  # so that either side has its own at its end
    return torch.from_numpy((path - 1).clip(margin, width - 1 - margin)).to(cost.device)


def _mean(x: Tensor, radius: int) -> Tensor:
    """Smoothed over squares, twice."""
    down, along = (min(radius, (side - 1) // 2) for side in x.shape[-2:])
    for _ in range(2):
        x = functional.avg_pool2d(x, (2 * down + 1, 1), 1, (down, 0), count_include_pad=False)
        x = functional.avg_pool2d(x, (1, 2 * along + 1), 1, (0, along), count_include_pad=False)
    return x
