"""From a photo and an EXR file to a sheet as a PNG file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..atomic import replacing
from ..colour import srgb_encode
from ..errors import DeviceError, OutputError, PhotoError
from ..exr import read_exr
from ..photo import Photo, read_photo
from .facts import facts_from_header
from .layout import sheet
from .png import encode_png, is_our_png


def write_sheet(photo_path: Path | str, exr_path: Path | str, sheet_path: Path | str, *, overwrite: bool = False) -> Path:
    """Make the sheet of a conversion that was done: `photo_path` is its photo, `exr_path` its result. Returns the sheet's path.

    The PNG file appears whole or not at all. An existing file is replaced if it is a sheet of this software, or if `overwrite`
    is True; photo and result never are. The same two files give the same bytes.

    Raises an HdrError: PhotoError when one cannot be read or they are not of one size, OutputError, DeviceError (memory),
    RuntimeMissingError without pyvips or OpenEXR.
    """
    photo_path, exr_path, sheet_path = Path(photo_path), Path(exr_path), Path(sheet_path)
    check_sheet_path(sheet_path, photo_path, exr_path, overwrite=overwrite)
    try:
        photo = read_photo(photo_path)
        pixels, header = read_exr(exr_path)
        pixels[..., :3] /= float(header.get("white", 1.0))  # the sheet counts in the photo's white
        if "sourceView" in header and pixels.shape[:2] != photo.pixels.shape[:2]:
            photo = _as_photographed(pixels)
        if pixels.shape[:2] != photo.pixels.shape[:2]:
            raise PhotoError(
                f'"{photo_path}" is {photo.width} x {photo.height}, and "{exr_path}" {pixels.shape[1]} x {pixels.shape[0]}.',
                "Give a photo and what was made from it.",
            )
        facts = facts_from_header(header, title=photo_path.stem, height=photo.height, width=photo.width)
        picture = sheet(photo.pixels, _straight(pixels, photo), facts)
    except MemoryError as error:
        raise DeviceError(
            "There is not enough memory for this picture.", "Close other programs, or make it smaller."
        ) from error
    with replacing(sheet_path, overwrite=True) as file:
        file.write(encode_png(picture))
    return sheet_path


def _as_photographed(pixels: np.ndarray) -> Photo:
    """Of a sphere made from another projection: what a camera that clips at the photo's white would have made of it."""
    codes = np.empty((*pixels.shape[:2], 3), np.uint8)
    for top in range(0, len(pixels), 256):
        codes[top : top + 256] = np.rint(srgb_encode(pixels[top : top + 256, :, :3].clip(0, 1)) * 255)
    return Photo(codes, None, "sRGB")


def check_sheet_path(sheet_path: Path, *sources: Path, overwrite: bool = False) -> None:
    """Raise OutputError if the sheet may not be written there: not a .png, one of its sources, or somebody else's file."""
    if sheet_path.suffix.lower() != ".png":
        raise OutputError(f'The sheet "{sheet_path}" does not end in .png.', f'Name it "{sheet_path.stem}.png".')
    if not sheet_path.parent.is_dir():
        raise OutputError(f'The folder "{sheet_path.parent}" does not exist.', "Create it, or choose another folder.")
    for source in sources:
        if sheet_path.exists() and source.exists() and sheet_path.samefile(source):
            raise OutputError(f'The sheet "{sheet_path}" is the photo or the result itself.', "Choose another name.")
    if os.path.lexists(sheet_path) and not overwrite and not is_our_png(sheet_path):
        raise OutputError(
            f'"{sheet_path}" exists and is no sheet of this software.', "Choose another name, or allow it to be overwritten."
        )


def _straight(pixels: np.ndarray, photo: Photo) -> np.ndarray:
    """The colour as it was before EXR's multiplication by alpha; black where all is transparent. Never NaN or infinite."""
    colour = pixels[..., :3]
    if photo.alpha is not None and pixels.shape[2] == 4:
        colour = np.divide(colour, pixels[..., 3:], out=np.zeros_like(colour), where=pixels[..., 3:] > 0)
    return np.nan_to_num(np.ascontiguousarray(colour), copy=False)
