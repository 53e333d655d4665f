"""The image of the .blend in which a preview is seen. It holds what a display shows: 8-bit sRGB, no radiance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING:
    import numpy as np

NAME = "LDR to HDRI Preview"
_OURS = "ldr_to_hdri_preview"


def preview_image() -> bpy.types.Image | None:
    """The image, if there is one: undo may take it away, and the user may."""
    return next((image for image in bpy.data.images if image.get(_OURS) and image.library is None), None)


def show(picture: np.ndarray) -> bpy.types.Image:
    """Put `picture`, (H, W, 3) uint8 sRGB with the top row first, into the image; makes it where it is missing."""
    import numpy as np

    height, width = picture.shape[:2]
    image = preview_image()
    if image is not None and not image.has_data:  # its pixels were not saved: it cannot be drawn into again
        fresh = _new(width, height)
        image.user_remap(fresh)
        bpy.data.images.remove(image)
        fresh.name, image = NAME, fresh
    if image is None:
        image = _new(width, height)
    if tuple(image.size) != (width, height):
        image.scale(width, height)
    pixels = np.ones((height, width, 4), np.float32)  # byte images take their code values / 255
    np.divide(picture[::-1], 255, out=pixels[..., :3], casting="unsafe")
    image.pixels.foreach_set(pixels.ravel())
    image.update()
    return image


def _new(width: int, height: int) -> bpy.types.Image:
    image = bpy.data.images.new(NAME, width, height, alpha=False, float_buffer=False)
    image[_OURS] = True
    return image


def redraw_editors() -> None:
    """Have every image editor draw its picture and its sidebar again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "IMAGE_EDITOR":
                area.tag_redraw()
