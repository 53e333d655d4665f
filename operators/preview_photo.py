"""A small copy of a photo for a preview, decoded by Blender; and the radiance that came of it, read back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from .errors import SceneError

if TYPE_CHECKING:
    import numpy as np

_SPARE = 3  # times as wide as the preview: enough pixels to average their light


def small_codes(path: Path, width: int) -> np.ndarray:
    """The photo at `path` in sRGB code values, (h, w, 3) uint8, `width` wide at most and half as high at most.

    Its light is averaged, not its codes; of a photo six times as wide or more, after Blender averaged the codes of a few pixels
    each. An .npy file holds code values, as for `hdr_core.photo`. Blender knows neither EXIF orientation nor colour profiles,
    so the preview of such a photo may lie on its side or be a little off in hue.
    Raises SceneError where Blender cannot read it.
    """
    import numpy as np

    from ..hdr_core.photo import srgb_encode
    from ..hdr_core.sheet.light import fit, photo_light, shrink

    codes = np.load(path)[..., :3] if path.suffix == ".npy" else _load(path, _SPARE * width)
    white = np.iinfo(np.uint8).max if codes.dtype == np.uint8 else np.iinfo(np.uint16).max

    def light(rows: np.ndarray) -> np.ndarray:
        whole = rows if rows.dtype.kind == "u" else np.rint(rows.clip(0, 1) * white).astype(np.uint16)
        return photo_light(whole)

    height, wide = codes.shape[:2]
    size = min((height, wide), fit(height, wide, width // 2, width))
    return np.rint(srgb_encode(shrink(codes, *size, light).clip(0, 1)) * 255).astype(np.uint8)


def read_radiance(path: Path) -> np.ndarray:
    """The colours of an EXR file as they are stored: (H, W, 3) float32."""
    import numpy as np

    return np.ascontiguousarray(_load(path))


def _load(path: Path, enough: int = 0) -> np.ndarray:
    """The file's values, (H, W, 3), the top row first: uint8 of a byte image, else float32.

    enough: Blender makes one that is at least twice as wide smaller, to no less than this, which is many times quicker than to
    take all its pixels out; 0: as it is.
    """
    import numpy as np

    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError as error:
        raise SceneError(f'"{path}" cannot be read.', "Check the path.") from error
    try:
        image.colorspace_settings.name = "Non-Color"  # else Blender decodes some kinds of file, and others not
        width, height = image.size
        if not (width and height):
            raise SceneError(
                f'"{path}" is no picture that Blender can read.', "Save it as a JPG or PNG, or convert it at once."
            )
        times = width // enough if enough else 1
        if times > 1:
            width, height = width // times, max(1, height // times)
            image.scale(width, height)
        pixels = np.empty(width * height * image.channels, np.float32)
        image.pixels.foreach_get(pixels)
        pixels = pixels.reshape(height, width, image.channels)[::-1]
        colour = pixels[..., :3] if image.channels >= 3 else np.repeat(pixels[..., :1], 3, axis=-1)
        return colour if image.is_float else np.rint(colour * 255).astype(np.uint8)
    finally:
        bpy.data.images.remove(image)
