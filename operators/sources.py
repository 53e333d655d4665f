"""Where the photo comes from: a file, or an image of the .blend, which is handed to the worker as a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from .errors import SceneError
from .paths import absolute_path

if TYPE_CHECKING:
    import numpy as np

_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "WEBP": ".webp", "BMP": ".bmp", "TARGA": ".tga"}
_WHITE = 1.001  # float pixels of a 16-bit photo reach 1 give or take the rounding of its decoding


@dataclass(frozen=True)
class Source:
    """A photo that the worker can read.

    path: the file. label: what to call it, its path or the image's name. stem: what to name the result after.
    folder: where the user keeps it; None for an image that lives in the .blend only.
    """

    path: Path
    label: str
    stem: str
    folder: Path | None


def source_of(filepath: str, image: str, scratch: Path) -> Source:
    """The photo at `filepath`, or else the image called so. Raises SceneError as below, and where none is named."""
    if not (filepath or image):
        raise SceneError("There is no photo to convert.", "Choose a photo, by filepath or image.")
    return source_from_image(image, scratch) if image else source_from_file(filepath)


def source_from_file(filepath: str) -> Source:
    """The photo at `filepath`, which may begin with // for the .blend's folder."""
    path = absolute_path(filepath)
    return Source(path, str(path), path.stem, path.parent)


def source_from_image(name: str, scratch: Path) -> Source:
    """The image called `name`: its own file where it shows that unchanged, else a copy of its bytes or pixels in `scratch`.

    Raises SceneError when there is no such image, or it is no single LDR picture.
    """
    image = bpy.data.images.get(name)
    if image is None:
        raise SceneError(f'There is no image "{name}" in this file.', "Choose one that the Image Editor lists.")
    if image.source not in {"FILE", "GENERATED"}:
        raise SceneError(
            f'The image "{name}" is no single picture ({image.source.lower()}).',
            "Save the frame as a picture, and convert that.",
        )
    on_disk = image.source == "FILE" and image.packed_file is None and bool(image.filepath)
    own_file = absolute_path(image.filepath, image.library) if on_disk else None
    if own_file is not None and not image.is_dirty:
        return Source(own_file, str(own_file), own_file.stem, own_file.parent)
    stem = Path(name).stem if Path(name).suffix.lower() in _PICTURE_SUFFIXES else name
    stem = bpy.path.clean_name(stem)
    folder = own_file.parent if own_file is not None else None
    if image.packed_file is not None and not image.is_dirty:
        path = scratch / f"{stem}{_SUFFIXES.get(image.file_format, '')}"
        path.write_bytes(image.packed_file.data)
    else:
        path = scratch / f"{stem}.npy"
        _write_code_values(image, path)
    return Source(path, name, stem, folder)


_PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".tga"}


def _write_code_values(image: bpy.types.Image, path: Path) -> None:
    """The image's pixels as sRGB code values, (H, W, 4), the top row first: uint8 of byte images, uint16 of float ones."""
    import numpy as np

    width, height = image.size
    if not (width and height and image.has_data):
        raise SceneError(f'The image "{image.name}" has no pixels.', "Reload it, or choose another image.")
    pixels = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(height, width, image.channels)[::-1]  # Blender keeps the bottom row first
    colour = pixels[..., :3] if image.channels >= 3 else np.repeat(pixels[..., :1], 3, axis=-1)
    alpha = pixels[..., 3:] if image.channels == 4 else np.ones_like(pixels[..., :1])
    codes = np.concatenate([_float_codes(image, colour, alpha) if image.is_float else _byte_codes(image, colour), alpha], -1)
    white, kind = (65535, np.uint16) if image.is_float else (255, np.uint8)
    np.save(path, np.rint(codes.clip(0, 1) * white).astype(kind))


def _byte_codes(image: bpy.types.Image, colour: np.ndarray) -> np.ndarray:
    """Byte images hold the code values of their colour space, of which we take sRGB as it is, and data for sRGB."""
    space = image.colorspace_settings.name
    if space not in {"sRGB", "Non-Color"}:
        raise SceneError(f'The pixels of "{image.name}" are in {space}.', "Save the image as a picture, and convert that.")
    return colour


def _float_codes(image: bpy.types.Image, colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Float images are held linear and, unless told otherwise, multiplied by alpha."""
    import numpy as np

    from ..hdr_core.photo import srgb_encode

    working_space = bpy.data.colorspace.working_space if bpy.app.version >= (5, 0, 0) else "Linear Rec.709"
    if working_space != "Linear Rec.709":
        raise SceneError(
            f'The pixels of "{image.name}" are in the working space {working_space}.',
            "Save the image as a picture, and convert that.",
        )
    if image.alpha_mode in {"STRAIGHT", "PREMUL"}:
        colour = np.divide(colour, alpha.clip(0, 1), out=np.zeros_like(colour), where=alpha > 0)
    if not np.isfinite(colour).all() or colour.max() > _WHITE:
        raise SceneError(
            f'The image "{image.name}" is HDR already: its values go beyond 1.', "Use it as it is, or choose an LDR photo."
        )
    return srgb_encode(colour.clip(0, 1))


def holds_light(image: bpy.types.Image) -> bool:
    """Whether `image` is HDR: a file of a format that is, or one painted or generated whose values go beyond 1."""
    if image.source == "FILE":
        return image.file_format in _HDR_FORMATS
    return image.is_float and image.has_data and _peak(image) > _WHITE


_HDR_FORMATS = {"OPEN_EXR", "OPEN_EXR_MULTILAYER", "HDR"}


def _peak(image: bpy.types.Image) -> float:
    import numpy as np

    pixels = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(pixels)
    return float(pixels.max(initial=0.0))
