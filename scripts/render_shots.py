"""Renders the tiles of one picture of the documentation in the bpy module. Run by renders.py:

    python scripts/render_shots.py SHOT FOLDER WIDTH HEIGHT SAMPLES

SHOT: a function's name. It arranges one tile after the other, and yields how many times WIDTH each is wide. Writes FOLDER/1.png
and so on, in the order in which they stand in the picture.
"""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import checkout
import demo

PANORAMA = demo.PHOTO
PHOTO = checkout.ROOT / "examples" / "bell_park_pier.jpg"
FIELD_OF_VIEW = math.radians(90)


def main(shot: str, folder: Path, width: int, height: int, samples: int) -> None:
    import bpy

    photos = Path(shutil.copytree(PANORAMA.parent, folder / "photos"))  # the results lie beside them
    for number, times in enumerate(globals()[shot](photos), start=1):
        render = bpy.context.scene.render
        render.resolution_x, render.resolution_y, render.resolution_percentage = times * width, height, 100
        bpy.context.scene.cycles.samples = samples
        render.filepath = str(folder / f"{number}.png")
        bpy.ops.render.render(write_still=True)


def light(photos: Path) -> Iterator[int]:
    demo.build_scene()
    import bpy

    bpy.context.scene.world = demo.photo_as_light(PANORAMA)
    yield 1
    convert(photos / PANORAMA.name)
    yield 1


def sun(photos: Path) -> Iterator[int]:
    """Without denoising: what the samples themselves give."""
    demo.build_scene()
    import bpy

    convert(photos / PANORAMA.name)
    bpy.context.scene.cycles.use_denoising = False
    bpy.context.scene.world.cycles.sampling_method = "NONE"
    yield 1
    bpy.ops.ldr_to_hdri.split_sun()
    yield 1


def controls(photos: Path) -> Iterator[int]:
    demo.build_scene()
    convert(photos / PANORAMA.name)
    for name, value in (
        (None, None),
        ("Rotation", (0.0, 0.0, math.radians(120))),
        ("EV", -1.5),
        ("Temperature", 3500.0),
        ("Sun Gain", 0.0),
        ("Saturation", 0.0),
    ):
        node = environment()
        kept = {socket.name: plain(socket.default_value) for socket in node.inputs}
        if name is not None:
            node.inputs[name].default_value = value
        yield 1
        for socket in node.inputs:
            socket.default_value = kept[socket.name]


def sphere(photos: Path) -> Iterator[int]:
    """The sphere that was made of an ordinary photo, unrolled; and a scene that it lights."""
    demo.build_scene()
    import bpy

    bpy.ops.ldr_to_hdri.convert(filepath=str(photos / PHOTO.name), projection="PERSPECTIVE", fov=FIELD_OF_VIEW)
    scene = bpy.context.scene
    ordinary = scene.camera
    unrolled = bpy.data.objects.new("Unrolled", bpy.data.cameras.new("Unrolled"))
    unrolled.data.type = "PANO"
    panorama = unrolled.data if hasattr(unrolled.data, "panorama_type") else unrolled.data.cycles
    panorama.panorama_type = "EQUIRECTANGULAR"
    unrolled.rotation_euler = (math.pi / 2, 0, -math.pi / 2)  # its middle is +X, as the environment's is
    scene.collection.objects.link(unrolled)
    scene.camera = unrolled
    show(False)
    yield 2
    scene.camera = ordinary
    show(True)
    yield 1


def camera(photos: Path) -> Iterator[int]:
    """Things that stand in the photo: only they and their shadows are rendered."""
    demo.build_scene()
    import bpy

    scene = bpy.context.scene
    show(False)
    bpy.ops.ldr_to_hdri.convert(filepath=str(photos / PHOTO.name), projection="PERSPECTIVE", fov=FIELD_OF_VIEW)
    bpy.ops.ldr_to_hdri.match_camera(height=1.6, shadow_catcher=True)
    scene.view_settings.view_transform, scene.view_settings.exposure = "Standard", 0.0
    scene.render.film_transparent = True
    looks = (demo.material("Matt", (0.6, 0.57, 0.52), 0.8), demo.material("Chrome", (0.9, 0.9, 0.9), 0.02, metallic=1.0))
    for look, y in zip(looks, (0.5, -0.5), strict=True):
        bpy.ops.mesh.primitive_uv_sphere_add(segments=96, ring_count=48, radius=0.34, location=(2.5, y, 0.34))
        bpy.context.object.data.materials.append(look)
        bpy.context.object.data.shade_smooth()
    yield 1


def convert(photo: Path) -> None:
    import bpy

    bpy.ops.ldr_to_hdri.convert(filepath=str(photo), world="NEW", input_curve="SRGB")


def environment():
    import bpy

    return next(node for node in bpy.context.scene.world.node_tree.nodes if node.label == "LDR to HDRI")


def plain(value):
    return tuple(value) if hasattr(value, "__len__") else value


def show(shown: bool) -> None:
    """The things of the demo's scene."""
    import bpy

    for thing in bpy.context.scene.objects:
        if thing.type == "MESH":
            thing.hide_render = not shown


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="ldr_to_hdri_user_") as user:
        checkout.enable_checkout(Path(user) / "user")
        try:
            main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:6]))
        finally:
            checkout.disable()
    sys.stdout.flush()
