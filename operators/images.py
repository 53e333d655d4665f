"""EXR files as images of the .blend: one image a file, however often it is converted again."""

from __future__ import annotations

from pathlib import Path

import bpy

from .paths import absolute_path, path_for_blend

_PACKED_FROM = "ldr_to_hdri_photo"
_LINEAR = "Linear Rec.709"


def load_image(path: Path) -> bpy.types.Image:
    """The image that shows the EXR at `path`, read again where it is loaded already."""
    image = next((image for image in bpy.data.images if _shows(image, path)), None)
    if image is not None:
        image.reload()
    else:
        image = bpy.data.images.load(str(path))
        image.filepath_raw = path_for_blend(path)
    return _as_radiance(image)


def pack_image(path: Path, photo: str) -> bpy.types.Image:
    """The EXR at `path` inside the .blend; the file is needed no longer. Made from the same `photo` again: the same image."""
    image = next((image for image in bpy.data.images if image.packed_file and image.get(_PACKED_FROM) == photo), None)
    if image is not None:
        image.filepath_raw = str(path)
        image.reload()  # of a packed image: packs the file again
    else:
        image = bpy.data.images.load(str(path))
        image.pack()
        image[_PACKED_FROM] = photo
    image.filepath_raw = f"//{path.name}"  # where Unpack would put it
    image.packed_files[0].filepath = image.filepath_raw
    return _as_radiance(image)


def _shows(image: bpy.types.Image, path: Path) -> bool:
    if image.source != "FILE" or not image.filepath or image.packed_file is not None or image.library is not None:
        return False
    if image.filepath.startswith("//") and not bpy.data.is_saved:
        return False
    return absolute_path(image.filepath) == path


def _as_radiance(image: bpy.types.Image) -> bpy.types.Image:
    settings = image.colorspace_settings
    known = settings.bl_rna.properties["name"].enum_items
    if settings.name != _LINEAR and _LINEAR in known:  # a studio's own OCIO configuration may call it otherwise
        settings.name = _LINEAR
    return image
