"""The photo behind the camera's view: its file, or, where Blender cannot read that, what the environment shows of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import bpy

from ..hdr_core.errors import HdrError
from ..hdr_core.source_view import SourceView
from .environment import picture_node
from .paths import absolute_path

if TYPE_CHECKING:
    import numpy as np
    from mathutils import Matrix

_TURNED = {3: math.pi, 4: math.pi, 5: math.pi / 2, 6: math.pi / 2, 7: -math.pi / 2, 8: -math.pi / 2}  # clockwise, by EXIF
_QUARTERS = {5, 6, 7, 8}
_MIRRORED = {2, 4, 5, 7}
_LONGER_SIDE = 1920  # pixels, of a picture that is made here
_OURS, _MADE_OF = "ldr_to_hdri_backplate", "ldr_to_hdri_made_of"


def set_backplate(data: Any, node: Any, photo: str, view: SourceView, towards: Matrix, white: float) -> bool:
    """Show the photo behind the scene, in the view of the camera `data`; returns whether there is anything to show.

    towards: (3, 3), the camera's axes in the environment's. white: what the photo's white is in the environment.
    """
    image, upright = _photo_image(photo), False
    if image is None:
        image, upright = _seen_image(picture_node(node.node_tree).image, photo, view, towards, white), True
    if image is None:
        return False
    plates = list(data.background_images)
    plate = next((plate for plate in plates if plate.image == image), None)
    ours = (plate for plate in plates if plate.image is not None and plate.image.get(_OURS))  # of the photo before this one
    plate = plate or next(ours, None) or data.background_images.new()
    plate.image = image
    if image.library is None:
        image[_OURS] = True
    plate.alpha = 1.0
    plate.frame_method = "FIT"
    orientation = 1 if upright else view.orientation
    plate.rotation = _TURNED.get(orientation, 0.0)
    wide, high = image.size
    plate.scale = max(wide, high) / min(wide, high) if orientation in _QUARTERS else 1.0  # it is fitted, then turned
    plate.use_flip_x = orientation in _MIRRORED
    data.show_background_images = True
    return True


def _photo_image(photo: str) -> Any:
    """The photo as an image of the .blend; None where Blender cannot read it, as it cannot HEIC."""
    if photo in bpy.data.images:
        return bpy.data.images[photo]
    try:
        image: Any = bpy.data.images.load(str(absolute_path(photo)), check_existing=True)
    except (RuntimeError, HdrError):
        return None
    if image.size[0]:
        return image
    if not image.users:
        bpy.data.images.remove(image)
    return None


def _seen_image(environment: Any, photo: str, view: SourceView, towards: Matrix, white: float) -> Any:
    """What the environment shows where the photo is, as an image that is packed; None where its picture is missing."""
    import numpy as np

    from ..hdr_core.colour import srgb_encode

    if environment is None or not environment.size[0]:
        return None
    across, down = (math.tan(math.radians(angle) / 2) for angle in (view.fov, view.vertical_fov))
    width, height = (max(1, round(_LONGER_SIDE * side / max(across, down))) for side in (across, down))
    light = _look(environment, np.array(towards, np.float32), (across, down), (width, height))
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = srgb_encode((light / white).clip(0, 1))
    name = f"{bpy.path.display_name_from_filepath(photo)} backplate"
    image = next((image for image in bpy.data.images if image.get(_MADE_OF) == photo and image.library is None), None)
    if image is None or tuple(image.size) != (width, height):
        image = bpy.data.images.new(name, width, height, alpha=False, float_buffer=False)
        image[_MADE_OF] = photo
    image.pixels.foreach_set(pixels.ravel())
    image.update()
    image.pack()
    return image


def _look(environment: Any, axes: np.ndarray, half: tuple[float, float], size: tuple[int, int]) -> np.ndarray:
    """(height, width, 3) light, Blender's lowest row first, of the directions that a camera with these axes sees.

    half: the tangents of half its fields of view.
    """
    import numpy as np

    from ..hdr_core.sheet.light import look_up

    wide, high = environment.size
    stored = np.empty(wide * high * environment.channels, np.float32)
    environment.pixels.foreach_get(stored)
    panorama = stored.reshape(high, wide, -1)[::-1, :, :3]
    x, y = ((np.arange(pixels, dtype=np.float32) + 0.5) * (2 / pixels) - 1 for pixels in size)
    right, up = np.meshgrid(x * np.float32(half[0]), y * np.float32(half[1]))
    ahead, left, above = np.moveaxis(np.stack([right, up, -np.ones_like(right)], -1) @ axes.T, -1, 0)
    towards = np.stack([-left, above, ahead], -1)
    return look_up(panorama, towards / np.linalg.norm(towards, axis=-1, keepdims=True))
