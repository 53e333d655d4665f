"""What kind of picture it is, told from its pixels where its metadata do not say."""

from __future__ import annotations

import math

import numpy as np

from ..colour import srgb_encode
from .cube import LAYOUTS, Layout, layout_for, nearly, seams
from .lenses import Circle

_SMALL = 512  # pixels a side at most of what is looked at
_BLACK = 20  # of 255
_PLAIN = 3.0  # the spread of codes in a cell that holds no face
_MOST_EMPTY = 10  # of the 24 edges of the faces of a cross, that may be of one colour with its empty cells
_FEWEST_AT_RIM = 24  # pixels, to tell a circle by them
_BESIDE, _APART = 1.5, 0.4  # of sides that join: against columns side by side, and far from each other


def codes_of(pixels: np.ndarray) -> np.ndarray:
    """A picture's codes as floats of 0 to 255; of light, float32, as its codes would be."""
    if pixels.dtype.kind == "f":
        return srgb_encode(pixels.clip(0, 1)) * 255
    return pixels.astype(np.float32) * np.float32(255 / np.iinfo(pixels.dtype).max)


def small_codes(pixels: np.ndarray) -> np.ndarray:
    """`codes_of` every so manieth pixel."""
    step = max(1, max(pixels.shape[:2]) // _SMALL)
    return codes_of(pixels[::step, ::step])


def joins(pixels: np.ndarray) -> bool:
    """Whether a 2:1 picture looks like a whole panorama: its sides join, and its upper and lower row are each of one colour."""
    step = max(1, len(pixels) // _SMALL)
    rows = pixels[::step]
    wrap = codes_of(rows[:, [0, -1, 1, -2]])
    across = np.abs(wrap[:, 0] - wrap[:, 1]).mean()
    inner = (np.abs(wrap[:, 0] - wrap[:, 2]) + np.abs(wrap[:, 1] - wrap[:, 3])).mean() / 2
    poles = codes_of(pixels[[0, -1]][:, :: max(1, pixels.shape[1] // _SMALL)])
    spread = poles.std(1).mean()
    return bool(across < 3 * inner + 6 and spread < max(12.0, 0.5 * small_codes(pixels).std((0, 1)).mean()))


def goes_around(pixels: np.ndarray) -> bool:
    """Whether a panorama's sides join so well that it must go all around: as two columns side by side do, and others do not.

    Of panoramas cut to strips, 95% are found so; of parts of panoramas, none of 124.
    """
    step = max(1, len(pixels) // _SMALL)
    ends = codes_of(pixels[::step][:, [0, -1, 1, -2]])
    across = np.abs(ends[:, 0] - ends[:, 1]).mean()
    inner = (np.abs(ends[:, 0] - ends[:, 2]).mean() + np.abs(ends[:, 1] - ends[:, 3]).mean()) / 2
    some = codes_of(pixels[::step][:, np.linspace(0, pixels.shape[1] - 1, 17).astype(int)[:-1]])
    apart = np.median([np.abs(some[:, one] - some[:, other]).mean() for one in range(16) for other in range(one + 2, 16)])
    return bool(across < _BESIDE * inner + 1 and across < _APART * apart)


def find_cube(pixels: np.ndarray) -> Layout | None:
    """The layout of a cube map: a cross whose other cells are plain, or a strip whose faces fit as a cube's do."""
    layout = layout_for(pixels.shape[1], pixels.shape[0])
    if layout is None:
        return _find_nearly(pixels)
    size = pixels.shape[0] // layout.rows
    step = max(1, size // 128)
    if any(layout.blank()):
        blank = _blank(pixels, layout)
        return layout if blank is not None and math.isfinite(_misfit(codes_of(layout.faces(pixels)), blank)) else None
    faces = codes_of(layout.faces(pixels))
    on = pixels if layout.rows == 1 else pixels.swapaxes(0, 1)
    borders = [codes_of(on[::step, [cell * size - 1, cell * size]]) for cell in range(1, 6)]
    beside = float(np.mean([np.abs(border[:, 0] - border[:, 1]).mean() for border in borders]))
    return layout if seams(faces) < 0.5 * beside and faces.std() > _PLAIN else None


def _find_nearly(pixels: np.ndarray) -> Layout | None:
    """A cross in a picture that is not quite of its shape: where its cells lie, its faces join best."""
    height, width = pixels.shape[:2]
    for layout in LAYOUTS:
        ways = nearly(layout, width, height) if any(layout.blank()) else []
        blank = _blank(pixels, layout) if ways else None
        if blank is None:
            continue
        misfit, way = min(((_misfit(codes_of(way.faces(pixels)), blank), way) for way in ways), key=lambda one: one[0])
        if math.isfinite(misfit):
            return way
    return None


def _misfit(faces: np.ndarray, blank: np.ndarray) -> float:
    """How badly the faces of a cross join, for comparison; infinite where they are no cube's.

    blank: the colour of its other cells. A photo of a thing before that colour has edges of it all around; of true crosses made
    from panoramas, dark and bright ones on black and on white, none had more than 8.
    """
    edges = np.stack([faces[:, 0], faces[:, -1], faces[:, :, 0], faces[:, :, -1]])
    empty = int((np.abs(edges - blank).max(-1).mean(-1) < _PLAIN).sum())
    step, spread = seams(faces, blank), float(faces.std())
    joins = step < 0.5 * spread and spread > _PLAIN and empty <= _MOST_EMPTY
    return 1000 * empty + step if joins else math.inf


def _blank(pixels: np.ndarray, layout: Layout) -> np.ndarray | None:
    """Of a picture of about the layout's shape: the colour of the cells without a face, where they have but one."""
    high, wide = pixels.shape[0] / layout.rows, pixels.shape[1] / layout.columns
    plain = []
    for x, y in layout.blank():
        rows, columns = (slice(int((at + 0.1) * size), int((at + 0.9) * size)) for at, size in ((y, high), (x, wide)))
        step = max(1, int(high) // 128)
        plain.append(codes_of(pixels[rows, columns][::step, ::step]).reshape(-1, 3))
    all_ = np.concatenate(plain)
    return np.median(all_, 0) if all_.std(0).max() < _PLAIN else None


def find_circle(pixels: np.ndarray) -> Circle | None:
    """The circle that holds the picture, of a fisheye or a ball on black; None where there is none."""
    step = max(1, max(pixels.shape[:2]) // _SMALL)
    red, green, blue = np.moveaxis(small_codes(pixels), 2, 0)
    return _circle(np.maximum(np.maximum(red, green), blue) > _BLACK, step)


def find_two_circles(pixels: np.ndarray) -> tuple[Circle, Circle] | None:
    """The circles of a dual fisheye, side by side in a 2:1 picture."""
    height, width = pixels.shape[:2]
    if abs(width - 2 * height) > 0.02 * height:
        return None
    half = width // 2
    left = find_circle(pixels[:, :half])
    right = find_circle(pixels[:, half:]) if left is not None else None
    if left is None or right is None:
        return None
    return left, Circle(right.x + half, right.y, right.radius)


def _circle(lit: np.ndarray, step: int) -> Circle | None:
    rows, columns = np.flatnonzero(lit.mean(1) > 0.02), np.flatnonzero(lit.mean(0) > 0.02)
    if not (len(rows) and len(columns)):
        return None
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    tall, wide = bottom - top, right - left
    if min(tall, wide) < 16 or abs(tall - wide) > 0.06 * max(tall, wide):
        return None
    deep = tall // 10  # such squares in the corners lie outside of any circle: most pictures need no closer look
    ends = (lit[y : y + deep, x : x + deep] for y in (top, bottom - deep) for x in (left, right - deep))
    if sum(int(end.sum()) for end in ends) > 0.02 * lit.size:
        return None
    y, x = np.mgrid[0 : lit.shape[0], 0 : lit.shape[1]] + 0.5
    radius = (tall + wide) / 4
    distance = np.hypot(x - (left + right) / 2, y - (top + bottom) / 2)
    outside = distance > 1.04 * radius
    corners = outside & (y > top) & (y < bottom) & (x > left) & (x < right)
    if corners.sum() < 0.1 * tall * wide or lit[outside].mean() > 0.02 or lit[distance < 0.95 * radius].mean() < 0.6:
        return None
    found = _by_rim(lit, Circle((left + right) / 2, (top + bottom) / 2, radius))
    return Circle(found.x * step, found.y * step, found.radius * step)


def _by_rim(lit: np.ndarray, about: Circle) -> Circle:
    """The circle through the outermost lit pixels: what one that the picture's edge cuts spans says little of its middle."""
    height, width = lit.shape
    rows, columns = np.flatnonzero(lit.any(1)), np.flatnonzero(lit.any(0))
    ends = (
        lit[rows].argmax(1),
        width - lit[rows, ::-1].argmax(1),
        lit[:, columns].argmax(0),
        height - lit[::-1, columns].argmax(0),
    )
    x = np.concatenate([ends[0], ends[1], columns + 0.5, columns + 0.5])
    y = np.concatenate([rows + 0.5, rows + 0.5, ends[2], ends[3]])
    free = (x > 0) & (x < width) & (y > 0) & (y < height)
    circle = about
    for within in (0.06, 0.02, 0.01):  # what is dark at the rim, or lit outside of it, is no part of it
        near = free & (np.abs(np.hypot(x - circle.x, y - circle.y) - circle.radius) < within * about.radius + 0.5)
        if near.sum() < _FEWEST_AT_RIM:
            return about
        sides = np.stack([2 * x[near], 2 * y[near], np.ones(near.sum())], 1)
        (middle_x, middle_y, rest), *_ = np.linalg.lstsq(sides, x[near] ** 2 + y[near] ** 2, rcond=None)
        circle = Circle(float(middle_x), float(middle_y), float(np.sqrt(max(rest + middle_x**2 + middle_y**2, 0.0))))
    moved = np.hypot(circle.x - about.x, circle.y - about.y) + abs(circle.radius - about.radius)
    return circle if moved < 0.1 * about.radius else about
