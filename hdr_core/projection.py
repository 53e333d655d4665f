"""Which part of the world a picture shows."""

from __future__ import annotations

from .errors import ProjectionError
from .settings import Projection, Shape


def resolve_projection(width: int, height: int, asked: Projection) -> Shape:
    """The projection of a picture of this size (in pixels, upright).

    Only a picture exactly twice as wide as high can be a whole equirectangular panorama. "auto" takes it for one.
    Raises ProjectionError when "auto" or "equirectangular" is asked for and the picture has another shape.
    """
    if asked in ("flat", "tileable"):
        return asked
    if width != 2 * height:
        raise ProjectionError(
            f"The picture is {width} x {height}, and an equirectangular panorama is exactly twice as wide as high.",
            f"Stitch or crop it to 2:1 (such as {2 * height} x {height}), "
            'or convert it as a picture, with no wrap, by projection="flat".',
        )
    return "equirectangular"
