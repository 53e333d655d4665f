"""What is known of who made a photo, beside its pixels: how its file keeps them, and what its metadata tell."""

from __future__ import annotations

from typing import Literal

from .camera_tags import CameraTags
from .decode import HEIC

Stored = Literal["lossy", "lossless", ""]
"""How a file keeps pixels, where that says something: "lossy" (JPEG, HEIC, AVIF), "lossless" (PNG of eight bits)."""

_LEANING: dict[Stored, float] = {"lossy": 1.0, "lossless": -1.0, "": 0.0}  # see `training.fit_decision`
_TAKEN = 3.0  # a camera wrote down how it exposed: hardly ever has a program given such a photo the plain curve since


def stored_as(loader: str, bits: int) -> Stored:
    """loader: the name under which `decode` knows the kind of file; bits: of its code values."""
    if loader in ("jpegload", HEIC, "heifload"):
        return "lossy"
    return "lossless" if loader == "pngload" and bits == 8 else ""  # deep ones come from renderers and from raw files


def camera_leaning(stored: Stored, tags: CameraTags) -> float:
    """Log odds, more than 0 for a camera's own curve and less for plain sRGB, to be added to what the pixels tell."""
    return _TAKEN if tags.exposure is not None else _LEANING[stored]
