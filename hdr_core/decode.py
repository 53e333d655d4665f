"""Picture files to code values, by libvips."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from . import png
from .colour import to_srgb
from .errors import PhotoError
from .icc import Profile, adobe_rgb, parse_profile, pure_gamma
from .runtime import require

MAX_PIXELS = 2**29
"""Larger pictures are refused before they are decoded: a small file can unpack to terabytes."""

_COLOURS = {"b-w": 1, "grey16": 1, "srgb": 3, "rgb": 3, "rgb16": 3, "cmyk": 4}
_ICC = "icc-profile-data"
_SPACES = {1: ("GRAY", "RGB"), 3: ("RGB",), 4: ("CMYK",)}
_RESAVE = "Open it in an image editor and save it as an 8 or 16-bit RGB PNG or TIFF."


def decode(path: Path, loader: str) -> tuple[np.ndarray, str]:
    """Decode the first page of a file by the libvips loader of that name ("jpegload", ...): upright, in sRGB code values.

    Returns (H, W, 3 or 4) uint8 or uint16 (the fourth channel is alpha), and what the colours were taken for.
    8-bit sRGB keeps its codes; everything that has to be converted becomes uint16. Raises PhotoError.
    """
    pyvips = require("pyvips")
    failures = (pyvips.Error, UnicodeDecodeError)  # pyvips stumbles over its own message when a damaged file is quoted in it
    try:
        return _decode(pyvips, path, loader, "warning" if loader == "jpegload" else "error")
    except failures as error:
        reason = _reason(error)
        if loader != "jpegload" or "orrupt" in reason or "premature" in reason:
            raise _damaged(path, reason) from error
    try:
        return _decode(pyvips, path, loader, "error")  # only odd, as some cameras' files are
    except failures as error:
        raise _damaged(path, _reason(error)) from error


def _decode(pyvips: Any, path: Path, loader: str, fail_on: str) -> tuple[np.ndarray, str]:
    image = _open(pyvips, path, loader, fail_on)
    colours = _COLOURS[image.interpretation]
    image, profile = _profile(path, loader, image, colours)
    if colours == 1 and profile is not None and profile.space == "RGB":
        grey = image.extract_band(0)
        image = grey.bandjoin([grey, grey, *image.bandsplit()[1:]]).copy(interpretation="srgb")
        colours = 3
    if colours == 4 or (profile is not None and not profile.curves):
        return _pixels(_through_libvips(image, colours, profile)), profile.description if profile else "CMYK without profile"
    codes = _pixels(image if image.bands <= colours + 1 else image.extract_band(0, n=colours + 1))
    if profile is None or profile.is_srgb:
        return _three_channels(codes, colours), "sRGB"
    return _three_channels(_through_curves(codes, colours, profile), colours), profile.description


def _open(pyvips: Any, path: Path, loader: str, fail_on: str) -> Any:
    """The upright picture, checked by its header before anything is decoded."""
    # The path as bytes, so that any name works; revalidate, or libvips would give the pixels of a file since changed.
    options = {"fail_on": fail_on, "revalidate": True, "access": "sequential"}
    image = getattr(pyvips.Image, loader)(os.fsencode(path), **options)
    if image.width * image.height > MAX_PIXELS:
        raise PhotoError(
            f'"{path}" is {image.width} x {image.height}, more than {MAX_PIXELS} pixels.',
            "Make it smaller, or cut it in parts.",
        )
    if image.format in {"float", "double", "complex", "dpcomplex"} and image.interpretation != "lab":
        raise already_hdr(path)
    if image.format not in {"uchar", "ushort"} or image.bands < _COLOURS.get(image.interpretation, image.bands + 1):
        raise PhotoError(
            f'"{path}" has {image.bands} channels of type {image.format} in the colour space {image.interpretation}.', _RESAVE
        )
    if image.get_typeof("orientation") and image.get("orientation") > 2:
        image = image.copy_memory()  # turning takes the rows out of order
    return image.autorot()


def _profile(path: Path, loader: str, image: Any, colours: int) -> tuple[Any, Profile | None]:
    """What the colours mean (None: sRGB), and the picture, with the profile attached for libvips."""
    data = bytes(image.get(_ICC)) if image.get_typeof(_ICC) else None
    try:
        if loader == "pngload":
            chunks = png.colour_chunks(path)
            if png.is_hdr(chunks):
                raise already_hdr(path)
            if gamma := png.unusual_gamma(chunks):
                return image, pure_gamma(gamma, colours)
            data = png.icc_data(chunks)
        if data is None:
            return image, adobe_rgb() if colours == 3 and _camera_says_adobe_rgb(image) else None
        profile = parse_profile(data)
    except ValueError as error:
        raise PhotoError(f'The colour profile in "{path}" is damaged ({error}).', _RESAVE) from error
    if profile.space not in _SPACES[colours]:
        raise PhotoError(f'The colour profile in "{path}" is for {profile.space}, the picture is not.', _RESAVE)
    image = image.copy()
    image.set_type(require("pyvips").GValue.blob_type, _ICC, data)
    return image, profile


def _camera_says_adobe_rgb(image: Any) -> bool:
    index = "exif-ifd4-InteroperabilityIndex"
    return bool(image.get_typeof(index)) and str(image.get(index)).startswith("R03")


def _through_libvips(image: Any, colours: int, profile: Profile | None) -> Any:
    """Spaces that need lookup tables."""
    source = {"embedded": True} if profile is not None else {"input_profile": "cmyk"}
    colour = image.extract_band(0, n=colours).icc_transform(
        "srgb", depth=16, intent="relative", black_point_compensation=True, **source
    )
    if image.bands == colours:
        return colour
    alpha = image.extract_band(colours)
    return colour.bandjoin(alpha if image.format == "ushort" else (alpha * 257).cast("ushort"))


def _through_curves(codes: np.ndarray, colours: int, profile: Profile) -> np.ndarray:
    levels = np.iinfo(codes.dtype).max + 1
    curves = [curve.table(levels) for curve in profile.curves]
    converted = to_srgb(codes[..., :colours], curves, np.array(profile.to_rec709))
    if codes.shape[2] == colours:
        return converted
    alpha = codes[..., colours:].astype(np.uint16) * np.uint16(65535 // (levels - 1))
    return np.concatenate([converted, alpha], axis=2)


def _pixels(image: Any) -> np.ndarray:
    return image.numpy().reshape(image.height, image.width, image.bands)


def _three_channels(codes: np.ndarray, colours: int) -> np.ndarray:
    return codes if colours == 3 else codes[..., [0, 0, 0, *range(1, codes.shape[2])]]


def already_hdr(path: Path) -> PhotoError:
    return PhotoError(f'"{path}" is already HDR.', "Use it directly as an environment texture; only LDR photos are converted.")


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "detail", "") or getattr(error, "message", "unreadable")).split())


def _damaged(path: Path, reason: str) -> PhotoError:
    return PhotoError(
        f'"{path}" is damaged or cannot be decoded ({reason[:200]}).', f"Copy it again from where it came. {_RESAVE}"
    )
