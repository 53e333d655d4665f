"""Detail around a photo: its own, carried on sideways in strips and mirrored up and down, the softer, the farther from it.

Only detail: the light of a few degrees and more stays what it was, so scenes are lit as before, and no lamp of the photo is
lit a second time.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from .edge import Edge
from .grid import between, enlarged, soft
from .quilt import quilt

_MOST_ROWS = 1024  # of the map on which it is made: what is farther from the photo than _EXACT is softer than its pixels
_LEAST_ROWS = 48
_COARSE, _LIGHT = 18, 24  # rows of the maps whose light stays: while detail is made, and in the end
_DEEPEST, _BRIGHTEST = -1.6, 0.8  # log, beside its row's median: detail beyond is cut, so that no sun or lamp is seen again
_LIKE = 0.3  # of the light itself, beside its detail, in what strips are compared by
_WHOLE = 0.8  # of the most that a column shows: columns that show less are not taken
_EXACT = 1.5  # degrees from the photo: its mirror image, as fine as the map
_OWN = 8.0  # degrees within which light may differ from what it was
_KEPT, _FADES = 10.0, 35.0  # degrees from the photo: there detail begins to fade, and is a third 35 degrees on
_SHARP, _SOFTENS, _UPWARD = 3.0, 0.03, 0.08  # degrees from the photo; degrees of blur a degree beyond, and a degree up or down
_LOW, _HIGH = 47.0, 72.0  # degrees up or down: between them strips go over into what was there, as columns crowd at poles
_MIRRORED, _LEAST, _MOST = 0.8, 3.0, 20.0  # of the elevation at which a photo ends, and degrees: how far it is mirrored


def detailed(log: Tensor, share: Tensor, edge: Edge) -> Tensor:
    """log: (1, 3, h, 2h), the logarithm of light of the whole sphere, the photo in its middle column; share: (1, 1, h, 2h) in
    [0, 1], how much of each pixel the photo shows. Returns `log` with detail around the photo.
    """
    factor = math.ceil(log.shape[-2] / _MOST_ROWS)
    if log.shape[-2] % factor:
        return log
    small, shown = (functional.avg_pool2d(x, factor) for x in (log, share))
    return log + enlarged(_change(small, shown, edge), log.shape[-2:])


def _change(log: Tensor, share: Tensor, edge: Edge) -> Tensor:
    """What to add to `log`: 0 on the photo."""
    rows = log.shape[-2]
    degree = rows / 180
    span = _columns(share)
    if rows < _LEAST_ROWS or span is None:
        return torch.zeros_like(log)
    still = _smoothed(log, _COARSE)
    own = log - still
    usual = own[..., span].median(-1, keepdim=True).values
    own = usual + (own - usual).clamp(_DEEPEST, _BRIGHTEST)
    top, bottom = _ends(share[..., span])
    strips = _mirrored(own[..., span], top, bottom)
    made = _laid_around(own, strips, strips + _LIKE * log[..., span], share, span)
    away = enlarged(edge.angle, (rows, 2 * rows)) * (180 / math.pi) * (share <= 0.5)
    weight = between(_elevation(log).abs(), _HIGH, _LOW) * (-((away - _KEPT).clamp(min=0) / _FADES).square()).exp()
    weight = weight * (1 - (-(away / _EXACT).square()).exp())
    result = log + (still + made - log) * weight
    row = _middles(log)
    beyond = torch.maximum(top.min() - row, row - bottom.max()).clamp(min=0) / degree
    blur = _SOFTENS * (away - _SHARP).clamp(min=0) + _UPWARD * beyond
    result = torch.where(share > 0.5, log, _softened(result, blur * degree))
    back = (_smoothed(log.exp(), _LIGHT) / _smoothed(result.exp(), _LIGHT)).log()
    return torch.where(share > 0.5, 0.0, result + back * (1 - (-(away / _OWN).square()).exp()) - log)


def _laid_around(own: Tensor, strips: Tensor, likeness: Tensor, share: Tensor, span: Tensor) -> Tensor:
    """`own`, (1, 3, h, 2h), with `strips`, (1, 3, h, n), in the columns `span`, (n,), and what goes on from them around."""
    rows = own.shape[-2]
    gap = 2 * rows - len(span)
    shown = share[..., span].mean(-1, keepdim=True).round()  # rows that the photo does not show are not compared
    around = quilt(strips, likeness * shown * _flat(own).sqrt(), gap, rows / 180)
    made = own.clone()
    made[..., span] = strips
    if around is not None:
        made[..., (span[-1] + 1 + torch.arange(gap)) % (2 * rows)] = around
    return made


def _columns(share: Tensor) -> Tensor | None:
    """The columns around the middle one of which the photo shows nearly as much as of any."""
    shown = ((share > 0.5) * _flat(share)).sum((0, 1, 2)).cpu()
    middle = len(shown) // 2
    if not shown[middle]:
        return None
    less = (shown < _WHOLE * shown.max()).nonzero()[:, 0]
    left, right = less[less <= middle], less[less >= middle]
    first = int(left[-1]) + 1 if len(left) else 0
    last = int(right[0]) if len(right) else len(shown)
    return torch.arange(first, last) if first < last else None


def _ends(share: Tensor) -> tuple[Tensor, Tensor]:
    """(n,) each, at which row, counted from the top of the map, each column of the photo begins and ends."""
    shown = share[0, 0]
    row = _middles(shown)
    middle = ((row * shown).sum(0) / shown.sum(0)).round()
    above, below = ((shown * side).sum(0) for side in (row < middle, row > middle))
    return middle - above, middle + below


def _mirrored(own: Tensor, top: Tensor, bottom: Tensor) -> Tensor:
    """`own`, (1, 3, h, n), which beyond the photo's upper and lower edge is its mirror image at first."""
    rows = own.shape[-2]
    degree = rows / 180
    row = _middles(own)
    result = own
    for end, beyond in ((top, top - row), (bottom, row - bottom)):
        reach = ((90 - end / degree).abs() * _MIRRORED).clamp(_LEAST, _MOST) * degree
        source = (2 * end - row).clamp(torch.minimum(top + 0.5, bottom - 0.5), bottom - 0.5) - 0.5
        first = source.floor().clamp(0, rows - 2).long()
        part = (source - first).clamp(0, 1)
        above, below = (own.gather(-2, (first + step).expand_as(own)) for step in (0, 1))
        near = between(beyond / reach, 1.0, 0.3) * (beyond > 0)
        result = torch.lerp(result, torch.lerp(above, below, part.expand_as(own)), near.expand_as(own))
    return result


def _softened(x: Tensor, blur: Tensor) -> Tensor:
    """x: (1, 3, h, 2h), blurred by `blur` pixels, (1, 1, h, 2h)."""
    level = (2 * blur.clamp(min=0.5)).log2()
    result, coarse = x, x
    for number in range(math.ceil(float(level.max()))):
        if coarse.shape[-2] % 2:
            break
        coarse = functional.avg_pool2d(coarse, 2)
        result = torch.lerp(result, soft(coarse, x.shape[-2]), (level - number).clamp(0, 1).expand_as(x))
    return result


def _smoothed(x: Tensor, rows: int) -> Tensor:
    return soft(functional.adaptive_avg_pool2d(x, (rows, 2 * rows)), x.shape[-2])


def _middles(x: Tensor) -> Tensor:
    """(h, 1), of the rows of x, (..., h, w), counted from the top."""
    return torch.arange(x.shape[-2], device=x.device)[:, None] + 0.5


def _elevation(x: Tensor) -> Tensor:
    """(h, 1), degrees."""
    return 90 - _middles(x) * (180 / x.shape[-2])


def _flat(x: Tensor) -> Tensor:
    """(h, 1), how wide a pixel is beside one at the horizon."""
    return (_elevation(x) * (math.pi / 180)).cos()
