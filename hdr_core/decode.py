"""Picture files to code values, by libvips."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from . import jpeg, nclx, png
from .colour import to_srgb
from .decode_limit import expect
from .errors import HdrError, PhotoError
from .heif import full_range, read_heic
from .icc import Profile, adobe_rgb, parse_profile, pure_gamma
from .runtime import require

MAX_PIXELS = 2**29
"""Larger pictures are refused before they are decoded: a small file can unpack to terabytes."""

HEIC = "heic"
"""What `decode` calls the loader of HEIC files: libvips comes without a decoder for them."""

_COLOURS = {"b-w": 1, "grey16": 1, "srgb": 3, "rgb": 3, "rgb16": 3, "cmyk": 4}
_ICC = "icc-profile-data"
_SPACES = {1: ("GRAY", "RGB"), 3: ("RGB",), 4: ("CMYK",)}
_RESAVE = "Open it in an image editor and save it as an 8 or 16-bit RGB PNG or TIFF."


@dataclass(frozen=True)
class Decoded:
    """codes: (H, W, 3 or 4) uint8 or uint16, the fourth channel is alpha; profile: what the colours were taken for.

    exif, xmp: as they lie in the file. gain: Apple's gain map of a HEIC file, (h, w, 1). hdr: (primaries, transfer) where the
    codes are not sRGB's but those of an HDR display, see `nclx.to_light`. to_rec709: from the linear
    colours of the file, see `Profile`; empty where they were Rec.709, or a table gave them.
    """

    codes: np.ndarray
    profile: str
    exif: bytes | None = None
    xmp: bytes | None = None
    gain: np.ndarray | None = None
    hdr: tuple[int, int] | None = None
    to_rec709: tuple[tuple[float, ...], ...] = ()


def decode(path: Path, loader: str, enough: int = 0) -> Decoded:
    """Decode the first page of a file by the libvips loader of that name ("jpegload", ...), or `HEIC`: upright, in sRGB codes.

    8-bit sRGB keeps its codes; everything that has to be converted becomes uint16. enough: as in `photo.read_source`.
    Raises PhotoError.
    """
    pyvips = require("pyvips")
    pyvips.cache_set_max(0)  # else libvips keeps WebP and GIF files open: Windows would not let the user remove or rename them
    failures = (pyvips.Error, UnicodeDecodeError)  # pyvips stumbles over its own message when a damaged file is quoted in it
    if loader == HEIC:
        return _decode_heic(pyvips, path)
    if loader == "jpegload" and (scans := jpeg.scans(path.read_bytes())) > jpeg.MOST_SCANS:
        raise _damaged(path, f"it goes over its picture {scans} times, sound files do about ten times")
    try:
        return _decode(pyvips, path, loader, "warning" if loader == "jpegload" else "error", enough)
    except failures as error:
        reason = _reason(error)
        if loader != "jpegload" or "orrupt" in reason or "premature" in reason:
            raise _damaged(path, reason) from error
    try:
        return _decode(pyvips, path, loader, "error", enough)  # only odd, as some cameras' files are
    except failures as error:
        raise _damaged(path, _reason(error)) from error


def _decode(pyvips: Any, path: Path, loader: str, fail_on: str, enough: int) -> Decoded:
    image = _open(pyvips, path, loader, fail_on, enough)
    exif, xmp = (bytes(image.get(name)) if image.get_typeof(name) else None for name in ("exif-data", "xmp-data"))
    numbers = nclx.read_nclx(path) if loader == "heifload" else None
    bits = image.get("bits-per-sample") if loader == "heifload" and image.get_typeof("bits-per-sample") else 16
    return replace(_to_srgb(path, loader, image, numbers, bits), exif=exif or _tiff_exif(path, loader), xmp=xmp)


def _decode_heic(pyvips: Any, path: Path) -> Decoded:
    try:
        read = read_heic(path, MAX_PIXELS)
    except HdrError:
        raise
    except Exception as error:  # the library fails in many ways on damage
        raise _damaged(path, str(error)) from error
    if isinstance(read, tuple):
        raise _too_large(path, *read)
    deep = read.pixels.dtype == np.uint16
    interpretation = ("grey16" if deep else "b-w") if read.pixels.shape[2] < 3 else "rgb16" if deep else "srgb"
    image = pyvips.Image.new_from_array(read.pixels).copy(interpretation=interpretation)
    if read.icc:
        image.set_type(pyvips.GValue.blob_type, _ICC, read.icc)
    return replace(_to_srgb(path, HEIC, image, read.nclx), exif=read.exif, xmp=read.xmp, gain=read.gain)


def _to_srgb(path: Path, loader: str, image: Any, numbers: tuple[int, int] | None, bits: int = 16) -> Decoded:
    """The picture's codes in sRGB. numbers: its colours by `nclx`; bits: how many of a 16-bit picture's are used."""
    colours = _COLOURS[image.interpretation]
    image, profile = _profile(path, loader, image, colours)
    if profile is None and numbers is not None and colours == 3:
        if nclx.is_hdr(numbers[1]):
            wide = image if image.format == "ushort" else (image * 257).cast("ushort")
            return Decoded(full_range(_pixels(wide), bits), "HDR", hdr=numbers)
        profile = nclx.profile(numbers[0])
    if colours == 1 and profile is not None and profile.space == "RGB":
        grey = image.extract_band(0)
        image = grey.bandjoin([grey, grey, *image.bandsplit()[1:]]).copy(interpretation="srgb")
        colours = 3
    if colours == 4 or (profile is not None and not profile.curves):
        described = profile.description if profile else "CMYK without profile"
        return Decoded(_pixels(_through_libvips(image, colours, profile)), described)
    codes = full_range(_pixels(image if image.bands <= colours + 1 else image.extract_band(0, n=colours + 1)), bits)
    if profile is None or profile.is_srgb:
        return Decoded(_three_channels(codes, colours), "sRGB")
    through = _three_channels(_through_curves(codes, colours, profile), colours)
    return Decoded(through, profile.description, to_rec709=profile.to_rec709)


def _tiff_exif(path: Path, loader: str) -> bytes | None:
    """libvips passes over the EXIF data of TIFF files."""
    if loader != "tiffload":
        return None
    pillow = require("PIL.Image")
    try:
        with pillow.open(path) as image:
            exif = image.getexif()
            small = pillow.Exif()
            small.update({tag: exif[tag] for tag in (0x010F, 0x0110) if tag in exif})
            small.get_ifd(0x8769).update(exif.get_ifd(0x8769))
            return small.tobytes()
    except Exception:  # noqa: BLE001  (only a hint, and damaged ones may fail in any way)
        return None


def _open(pyvips: Any, path: Path, loader: str, fail_on: str, enough: int) -> Any:
    """The upright picture, checked by its header before anything is decoded."""
    # The path as bytes, so that any name works; revalidate, or libvips would give the pixels of a file since changed.
    options = {"fail_on": fail_on, "revalidate": True, "access": "sequential"}
    image = getattr(pyvips.Image, loader)(os.fsencode(path), **options)
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(path, image.width, image.height)
    expect(image.width * image.height)
    if loader == "jpegload" and enough:
        times = max(times for times in (1, 2, 4, 8) if times == 1 or max(image.width, image.height) // times >= enough)
        image = pyvips.Image.jpegload(os.fsencode(path), shrink=times, **options)
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


def _too_large(path: Path, width: int, height: int) -> PhotoError:
    return PhotoError(f'"{path}" is {width} x {height}, more than {MAX_PIXELS} pixels.', "Make it smaller, or cut it in parts.")


def already_hdr(path: Path) -> PhotoError:
    return PhotoError(f'"{path}" is already HDR.', "Use it directly as an environment texture; only LDR photos are converted.")


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "detail", "") or getattr(error, "message", "unreadable")).split())


def _damaged(path: Path, reason: str) -> PhotoError:
    return PhotoError(
        f'"{path}" is damaged or cannot be decoded ({reason[:200]}).', f"Copy it again from where it came. {_RESAVE}"
    )
