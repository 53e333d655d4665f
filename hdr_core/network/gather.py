"""Light that could be in many places goes into few pixels: near where it is most likely, and not far from where it was.

All of it works on cells that overlap: a cell holds the light of the pixels around its centre, and hands it out again to some of
them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .padding import pad, wrapped
from .statistics import luminance

LARGEST_DETAIL = 16.0  # natural log
MOST_COLOUR = 4.0  # of a channel over luminance
BRIGHTEST = 0.6  # share of the gathered light
COLOURED = 0.05  # of the density, where one channel clips alone
APART = 16  # pixels: from one cell that shares out light to the next
NEAR, FAR = 32, 128  # pixels: from a cell's centre to its edge; 32 are 22 degrees of a panorama


def gathered(density: Tensor, detail: Tensor, over: Tensor, *, panorama: bool) -> Tensor:
    """`density` (N, 3, h, w), its light moved within about 40 pixels to where it and the log density `detail` (N, 1, h, w) say.

    The density is a mean over what could be there, so it is spread wider than any light is. How far light moves here matters
    little for what it lights, and much for how many pixels come out brighter than they were. Cells that overlap share the
    light; each hands out what it holds. So light turns exactly with a panorama by multiples of the cells' distance alone.
    """
    h, w = detail.shape[-2:]
    density, detail, over = _padded(NEAR, density, detail, over)
    most = over.amax(1, keepdim=True)
    nearby = functional.max_pool2d(torch.where(most > 0, detail, -torch.inf), APART)
    radius = NEAR // APART
    nearby = functional.max_pool2d(pad(nearby, radius, panorama=panorama), 2 * radius + 1, 1).clamp(min=-1e4)
    fine = torch.exp((detail - _enlarged(nearby, NEAR, panorama=panorama)).clamp(-LARGEST_DETAIL, 0))
    fine = fine * luminance(density)[:, None]  # a sun of which the density is sure keeps its light
    return (fine * _handed_out(density * over, fine * over, NEAR, panorama=panorama))[..., :h, :w]


def of_lamps(density: Tensor, over: Tensor, sky: Tensor) -> Tensor:
    """`density` (N, 3, h, w), less where the channels of `over` (N, 3, h, w) do not clip alike.

    Lamps are seldom of a pure colour, and far brighter than what they light: where one channel clips alone, as of a leaf or a
    label, is where they are not. If nothing else clips, as in a sunset, nothing changes. sky (N,): `Energy.sky_share`; of a
    rendered sky the density is sure.
    """
    alone = 1 - over.amin(1, keepdim=True) / over.amax(1, keepdim=True).clamp(min=1e-6)
    return density * (1 - (1 - COLOURED) * (1 - sky.view(-1, 1, 1, 1)) * alone)


def concentrated(density: Tensor, light: Tensor, *, panorama: bool) -> Tensor:
    """`density` (N, 3, h, w) in the brightest pixels alone, which hold BRIGHTEST of `light` (N, 3, h, w), what density times
    radiance times solid angle is there; they get the light of the others around, as far as 90 degrees of a panorama.

    What is left over lies thinly in many pixels, each of them too bright; without it a picture looks better and lights as well.
    The threshold is found by bisection: a GPU's sums are the same every time, its running sums are not.
    """
    h, w = light.shape[-2:]
    (light,) = _padded(FAR, light.detach())
    bright = luminance(light)[:, None]
    wanted = BRIGHTEST * bright.sum((-2, -1), keepdim=True)
    low, high = torch.zeros_like(wanted), bright.amax((-2, -1), keepdim=True)
    for _ in range(30):
        middle = (low + high) / 2
        enough = (bright * (bright >= middle)).sum((-2, -1), keepdim=True) >= wanted
        low, high = torch.where(enough, middle, low), torch.where(enough, high, middle)
    kept = (bright >= low).to(light)
    return density * (kept * _handed_out(light, light * kept, FAR, panorama=panorama))[..., :h, :w]


def _handed_out(light: Tensor, shares: Tensor, reach: int, *, panorama: bool) -> Tensor:
    """By what the `shares` (N, 3, h, w) of pixels have to be multiplied so that each cell hands out the `light` (N, 3, h, w) it
    holds, each channel by itself: so light keeps its colour where it goes to pixels that clip in one channel only.
    """
    held, wanted = _collected(torch.cat([light, shares], 1), reach, panorama=panorama).chunk(2, 1)
    whole = luminance(held)[:, None] / luminance(wanted)[:, None].clamp(min=1e-20)
    ratio = torch.minimum(held / wanted.clamp(min=1e-20), MOST_COLOUR * whole)
    return _enlarged(ratio, reach, panorama=panorama)


def _padded(reach: int, *maps: Tensor) -> list[Tensor]:
    """Maps (N, C, h, w) with zeros below and to the right, so that both sides are multiples of `reach`."""
    return [functional.pad(x, (0, -x.shape[-1] % reach, 0, -x.shape[-2] % reach)) for x in maps]


def _tent(reach: int, like: Tensor) -> Tensor:
    """What a cell has of the pixels around its centre along one axis, (2 * reach,); the shares of a pixel add up to 1."""
    away = (torch.arange(2 * reach, device=like.device, dtype=like.dtype) + 0.5 - reach).abs()
    return (1 - away / reach) * APART / reach


def _beyond(x: Tensor, radius: int, *, panorama: bool) -> Tensor:
    """`pad`, but a flat picture that does not tile is mirrored: what a cell beyond the edge takes from a pixel, its mirror
    image takes too, and no light is lost.
    """
    if panorama:
        return pad(x, radius, panorama=True)
    around = wrapped(x, radius)
    if around is not None:
        return around
    x = torch.cat([x[..., :radius, :].flip(-2), x, x[..., -radius:, :].flip(-2)], -2)
    return torch.cat([x[..., :radius].flip(-1), x, x[..., -radius:].flip(-1)], -1)


def _enlarged(cells: Tensor, reach: int, *, panorama: bool) -> Tensor:
    """From cells (N, C, h / 16, w / 16) to pixels: of each the mean over the cells that have a share of it."""
    h, w = cells.shape[-2:]
    x = _beyond(cells, reach // APART, panorama=panorama)
    return _shares(h, reach, cells) @ x @ _shares(w, reach, cells).t()


def _shares(count: int, reach: int, like: Tensor) -> Tensor:
    """What the pixels of `count` cells along an axis have of each cell, of those beyond the ends, too: (pixels, cells).

    Two products with it take far less time on a processor than a transposed convolution.
    """
    pixels, cells = (torch.arange(n, device=like.device) for n in (count * APART, count + 2 * (reach // APART)))
    place = pixels[:, None] + 2 * reach - APART // 2 - APART * cells
    return torch.where((place >= 0) & (place < 2 * reach), _tent(reach, like)[place.clamp(0, 2 * reach - 1)], 0)


def _collected(x: Tensor, reach: int, *, panorama: bool) -> Tensor:
    """The adjoint of `_enlarged`: each pixel of (N, C, h, w) goes to the cells that have a share of it, in these shares."""
    n, c, h, w = x.shape
    margin, tent = reach - APART // 2, _tent(reach, x)  # margin: how far the outermost cells reach beyond the picture
    x = _beyond(x, margin, panorama=panorama).view(n * c, 1, h + 2 * margin, w + 2 * margin)
    x = functional.conv2d(x, tent.view(1, 1, -1, 1), stride=(APART, 1))
    return functional.conv2d(x, tent.view(1, 1, 1, -1), stride=(1, APART)).view(n, c, h // APART, w // APART)
