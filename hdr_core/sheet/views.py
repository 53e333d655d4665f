"""Ways of looking at light: as a display shows it at an exposure, and where the photo clipped. numpy only."""

from __future__ import annotations

import numpy as np

from ..colour import srgb_encode
from .light import clipped, photo_light

ALL_CLIPPED = (255, 0, 170)
"""The stripes' colour where all channels clipped: nothing is known but that it was bright."""
SOME_CLIPPED = (255, 150, 0)
"""The stripes' colour where one or two channels clipped: there the hue is wrong, too."""

_STRIPE = 4


def tone_map(radiance: np.ndarray, ev: float) -> np.ndarray:
    """Radiance as a display shows it: times 2^ev, clipped to [0, 1], through the sRGB curve. No film curve, no roll-off.

    (..., 3) linear Rec.709, white = 1, to uint8 of the same shape. At ev = 0 a photo's own light gives back its code values.
    """
    exposed = np.multiply(radiance, np.float32(2.0**ev), dtype=np.float32)
    code = srgb_encode(np.clip(exposed, 0, 1, out=exposed))
    return np.rint(code * 255).astype(np.uint8)


def split(left: np.ndarray, right: np.ndarray, position: float) -> np.ndarray:
    """`left` up to `position` (in [0, 1] of the width), `right` from there on, and a white line of two pixels between.

    Two pictures of one shape, (H, W, 3) uint8; a new one of that shape.
    """
    column = round(min(max(position, 0.0), 1.0) * left.shape[1])
    picture = right.copy()
    picture[:, :column] = left[:, :column]
    if 0 < column < left.shape[1]:
        picture[:, column - 1 : column + 1] = 255
    return picture


def clipped_overlay(photo: np.ndarray) -> np.ndarray:
    """The photo, darkened a little, with stripes where a code value is 250/255 or more.

    (H, W, 3) uint8 or uint16 code values to (H, W, 3) uint8. ALL_CLIPPED and SOME_CLIPPED tell the stripes apart.
    """
    channels = clipped(photo)
    return striped(tone_map(photo_light(photo), 0.0), np.asarray(channels.all(-1)), np.asarray(channels.any(-1)))


def striped(picture: np.ndarray, everything: np.ndarray, something: np.ndarray) -> np.ndarray:
    """`picture`, (H, W, 3) uint8, darkened, striped in two colours where the masks, (H, W) bool, are True."""
    shown = (picture * np.float32(0.7)).astype(np.uint8)
    y, x = (np.arange(side) for side in something.shape)
    stripe = (x + y[:, None]) // _STRIPE % 2 == 0
    for mask, colour in ((something & ~everything, SOME_CLIPPED), (everything, ALL_CLIPPED)):
        shown[mask & stripe] = colour
        shown[mask & ~stripe] = np.array(colour) // 3
    return shown
