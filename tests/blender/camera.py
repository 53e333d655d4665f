"""A camera that looks into one direction of the world. As a program it renders a .blend in a Blender without the extension:

python camera.py FILE.blend OUT.exr X Y Z
"""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector


def look(direction: tuple[float, float, float], path: Path) -> np.ndarray:
    """What Cycles sees of the world in `direction`, through `path`, an EXR: (8, 8, 3) float32 radiance, a view of 6 degrees."""
    scene = bpy.context.scene
    for thing in scene.objects:
        thing.hide_render = thing.type != "CAMERA"
    scene.camera.rotation_euler = Vector(direction).to_track_quat("-Z", "Y").to_euler()
    scene.camera.data.angle = 0.1
    scene.render.engine = "CYCLES"
    scene.world.cycles.sampling_method = "NONE"  # no lights are sampled, so save the second that its map takes
    scene.cycles.samples = 1
    scene.cycles.use_denoising = False
    scene.render.resolution_x = scene.render.resolution_y = 8
    scene.render.resolution_percentage = 100
    if hasattr(scene.render.image_settings, "media_type"):  # Blender 5.0
        scene.render.image_settings.media_type = "IMAGE"
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_depth = "32"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    pixels = np.empty(8 * 8 * 4, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return pixels.reshape(8, 8, 4)[..., :3]


if __name__ == "__main__":
    blend, out, *numbers = sys.argv[1:]
    bpy.ops.wm.open_mainfile(filepath=blend)
    np.save(f"{out}.npy", look(tuple(map(float, numbers)), Path(out)))
