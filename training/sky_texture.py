"""Blender's Sky Texture through Cycles, in bpy 4.5: from 5.0 on the texture is another one. Only skies.py uses this."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

if TYPE_CHECKING:
    from .skies import Sky


def _scene() -> Any:
    return bpy.context.scene  # Any: its kinds of nodes and data are known only at run time


def set_up(sky: Sky) -> None:
    """Make the scene's world this sky, its camera panoramic, and nothing else."""
    if bpy.app.version[:2] != (4, 5):
        raise RuntimeError(f"Blender {bpy.app.version_string} has another Sky Texture: use bpy 4.5.")
    scene = _scene()
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    world: Any = bpy.data.worlds[0] if bpy.data.worlds else bpy.data.worlds.new("Sky")
    scene.world = world
    world.use_nodes = True
    world.cycles.sampling_method = "NONE"  # no lights are sampled, so save the second that its map takes
    nodes, links = world.node_tree.nodes, world.node_tree.links
    nodes.clear()
    texture = nodes.new("ShaderNodeTexSky")
    links.new(texture.outputs[0], nodes.new("ShaderNodeBackground").inputs[0])
    links.new(nodes["Background"].outputs[0], nodes.new("ShaderNodeOutputWorld").inputs[0])
    texture.sky_type = "NISHITA"
    texture.sun_elevation, texture.sun_rotation = math.radians(sky.elevation), math.radians(sky.rotation)
    texture.sun_size, texture.sun_intensity = math.radians(sky.sun_size), sky.sun_intensity
    texture.air_density, texture.dust_density, texture.ozone_density = sky.air, sky.dust, sky.ozone
    texture.altitude = sky.altitude
    _set_up_camera(scene)


def _set_up_camera(scene: Any) -> None:
    data: Any = bpy.data.cameras.new("Panorama")
    data.type, data.panorama_type = "PANO", "EQUIRECTANGULAR"
    scene.camera = bpy.data.objects.new("Panorama", data)
    scene.camera.rotation_euler = (math.pi / 2, 0, -math.pi / 2)  # to +X, with z up
    scene.collection.objects.link(scene.camera)
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.use_denoising = scene.cycles.use_adaptive_sampling = False
    scene.cycles.sample_clamp_direct = scene.cycles.sample_clamp_indirect = 0.0
    scene.cycles.pixel_filter_type = "BOX"
    scene.cycles.film_exposure = 1.0
    scene.render.film_transparent = False
    scene.render.use_border = scene.render.use_compositing = scene.render.use_sequencer = False
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform, scene.view_settings.look = "Raw", "None"
    scene.view_settings.exposure, scene.view_settings.gamma = 0.0, 1.0


def render(
    latitudes: tuple[float, float], longitudes: tuple[float, float], size: tuple[int, int], *, samples: int, disc: bool
) -> np.ndarray:
    """(*size, 3) float32 linear Rec.709: latitudes from top to bottom, longitudes from left to right, in degrees.

    Longitude grows to the right of +X. disc: with the disc of the sun.
    """
    scene = _scene()
    scene.world.node_tree.nodes["Sky Texture"].sun_disc = disc
    camera = scene.camera.data
    camera.latitude_max, camera.latitude_min = map(math.radians, latitudes)
    camera.longitude_min, camera.longitude_max = map(math.radians, longitudes)
    scene.cycles.samples = samples
    scene.render.resolution_y, scene.render.resolution_x = size
    _file_format(scene, depth="32", codec="NONE")
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "sky.exr")
        bpy.ops.render.render(write_still=True)
        image: Any = bpy.data.images.load(scene.render.filepath)
        pixels = np.empty((*size, image.channels), np.float32)
        image.pixels.foreach_get(pixels.ravel())
        bpy.data.images.remove(image)
    return np.maximum(pixels[::-1, :, :3], 0)


def write_exr(path: Path, radiance: np.ndarray) -> None:
    """Write (H, W, 3) float32 linear Rec.709 as half floats with DWAA compression."""
    height, width = radiance.shape[:2]
    image: Any = bpy.data.images.new(path.stem, width, height, float_buffer=True)
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = radiance[::-1]
    image.pixels.foreach_set(pixels.ravel())
    _file_format(_scene(), depth="16", codec="DWAA")
    image.save_render(str(path), scene=_scene())
    bpy.data.images.remove(image)


def _file_format(scene: Any, *, depth: str, codec: str) -> None:
    settings = scene.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth, settings.exr_codec = "OPEN_EXR", "RGB", depth, codec
    settings.quality = 80  # 50 kB at 1024 x 512; the light of the sun moves by 1% at most
