"""Whether the rim of a round picture is drawn out along itself, as a mirror ball's is.

At its rim a ball shows what lies behind it, all around the same: there the picture changes much faster outwards than along the
rim. Most fisheyes change about as fast both ways, but one that looks up, with the horizon at its rim, may look like a ball.
"""

from __future__ import annotations

import numpy as np

from .detect import codes_of
from .lenses import Circle

_INNER, _OUTER = 0.88, 0.95  # of the radius
_RADIUS = 128  # pixels, to which a larger picture is averaged
_STEP = 2.0  # pixels from which to which a change is looked at
_DRAWN_OUT = 1.65  # times: of balls rendered from panoramas 97% change faster outwards than this, of level fisheyes 17%


def rim_drawn_out(pixels: np.ndarray, circle: Circle) -> bool:
    """pixels: (H, W, 3) codes or light."""
    factor = max(1, int(circle.radius) // _RADIUS)
    top, left = (max(0, int(middle - circle.radius)) for middle in (circle.y, circle.x))
    side = int(2 * circle.radius)
    square = codes_of(pixels[top : top + side, left : left + side])
    height, width = (length // factor for length in square.shape[:2])
    small = square[: height * factor, : width * factor].reshape(height, factor, width, factor, -1).mean((1, 3))
    radius = circle.radius / factor
    distances = np.arange(_INNER * radius, _OUTER * radius)[:, None]
    angles = np.arange(0, 2 * np.pi, 1 / radius)[None]
    middle = (circle.x - left) / factor, (circle.y - top) / factor

    def at(distance: np.ndarray, angle: np.ndarray) -> np.ndarray:
        return _bilinear(small, middle[0] + distance * np.cos(angle), middle[1] + distance * np.sin(angle))

    here = at(distances, angles)
    outwards = np.abs(at(distances + _STEP, angles) - here).mean()
    along = np.abs(at(distances, angles + _STEP / distances) - here).mean()
    return bool(outwards > _DRAWN_OUT * along)


def _bilinear(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(h, w, C), at pixels from the upper left corner."""
    rows, columns = picture.shape[:2]
    x, y = (x - 0.5).clip(0, columns - 1.001), (y - 0.5).clip(0, rows - 1.001)
    left, top = x.astype(int), y.astype(int)
    right, down = (x - left)[..., None], (y - top)[..., None]
    above = picture[top, left] * (1 - right) + picture[top, left + 1] * right
    return above * (1 - down) + (picture[top + 1, left] * (1 - right) + picture[top + 1, left + 1] * right) * down
