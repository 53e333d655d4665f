"""A photo becomes the light of a scene, for real: converted by the operator, rendered by Cycles beside the plain photo.

    LDR_TO_HDRI_PYTHON=.venv/bin/python .venv-bpy-5.0.1/bin/python scripts/demo.py

Writes the EXR, the .blend and the picture into build/demo, and prints where they are.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

import checkout

PHOTO = checkout.ROOT / "examples" / "ulmer_muenster.jpg"
OUTPUT = checkout.ROOT / "build" / "demo"
HALF = (640, 560)  # pixels of each half of the picture
SAMPLES = 32
VIEW = math.radians(80)  # where the camera looks, from +X: past the minster, with the sun to its right


def main() -> None:
    import bpy

    OUTPUT.mkdir(parents=True, exist_ok=True)
    exr, blend, picture = (OUTPUT / name for name in (f"{PHOTO.stem}_hdri.exr", "scene.blend", "comparison.png"))
    build_scene()
    scene = bpy.context.scene
    label = add_label(scene.camera)

    scene.world = photo_as_light(PHOTO)
    label.data.body = "plain JPG"
    left = render(OUTPUT / "left.png")

    print(f"Converting {PHOTO.name} ...", flush=True)
    bpy.ops.ldr_to_hdri.convert(filepath=str(PHOTO), output=str(exr), world="NEW", overwrite=True)
    label.data.body = "restored HDRI"
    right = render(OUTPUT / "right.png")

    join(left, right, picture)
    bpy.data.objects.remove(label)
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    print(f"\nHDR environment  {exr}\nBlender scene    {blend}\nComparison       {picture}", flush=True)


def build_scene() -> None:
    """Spheres, a monkey and posts on a floor, before a camera: what shows light and shadow."""
    import bpy

    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = SAMPLES
    scene.cycles.use_denoising = True
    scene.cycles.max_bounces = 4
    scene.render.resolution_x, scene.render.resolution_y = HALF
    scene.render.image_settings.file_format = "PNG"
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.exposure = 0.2

    stage = bpy.data.objects.new("Stage", None)  # what stands on it faces the camera
    stage.rotation_euler.z = VIEW - math.radians(90)
    scene.collection.objects.link(stage)
    floor, clay = material("Floor", (0.3, 0.28, 0.26), 0.9), material("Clay", (0.6, 0.57, 0.52), 0.8)
    gloss, mirror = material("Gloss", (0.55, 0.06, 0.04), 0.15), material("Mirror", (0.95, 0.95, 0.95), 0.0, metallic=1.0)
    bpy.ops.mesh.primitive_plane_add(size=40)
    place(floor, stage)
    for x, y, radius, look in ((-1.15, 0.1, 0.45, clay), (-0.15, -0.75, 0.32, gloss), (1.05, -0.25, 0.45, mirror)):
        bpy.ops.mesh.primitive_uv_sphere_add(segments=96, ring_count=48, radius=radius, location=(x, y, radius))
        place(look, stage, smooth=True)
    bpy.ops.mesh.primitive_monkey_add(size=1.3, location=(0.05, 0.75, 0.64), rotation=(math.radians(-15), 0, math.radians(12)))
    place(clay, stage, smooth=True).modifiers.new("Smooth", "SUBSURF").render_levels = 2
    for x in (-2.1, 1.5, 2.1):
        bpy.ops.mesh.primitive_cylinder_add(vertices=64, radius=0.06, depth=1.6, location=(x, 0.9 - abs(x - 1.8), 0.8))
        place(clay, stage, smooth=False)

    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.parent = stage
    camera.location, camera.rotation_euler = (0, -4.1, 1.15), (math.radians(86), 0, 0)
    camera.data.lens = 30
    scene.collection.objects.link(camera)
    scene.camera = camera


def material(name: str, colour: tuple[float, float, float], roughness: float, metallic: float = 0.0):
    import bpy

    made = bpy.data.materials.new(name)
    if bpy.app.version < (5, 0, 0):
        made.use_nodes = True
    surface = made.node_tree.nodes["Principled BSDF"].inputs
    surface["Base Color"].default_value = (*colour, 1.0)
    surface["Roughness"].default_value = roughness
    surface["Metallic"].default_value = metallic
    return made


def place(look, stage, *, smooth: bool = False):
    """Finish the object that was just added: its material, its shading, and its place on the stage."""
    import bpy

    thing = bpy.context.object
    thing.data.materials.append(look)
    thing.parent = stage
    thing.data.shade_smooth() if smooth else None
    return thing


def add_label(camera):
    """A text that only the camera sees, at the lower left of what it sees."""
    import bpy

    label = bpy.data.objects.new("Label", bpy.data.curves.new("Label", "FONT"))
    label.data.size = 0.055
    label.parent = camera
    label.location = (-0.56, -0.48, -1.0)
    look = material("Label", (1, 1, 1), 1.0)
    look.node_tree.nodes["Principled BSDF"].inputs["Emission Color"].default_value = (1, 1, 1, 1)
    look.node_tree.nodes["Principled BSDF"].inputs["Emission Strength"].default_value = 4.0
    label.data.materials.append(look)
    for ray in ("diffuse", "glossy", "transmission", "volume_scatter", "shadow"):
        setattr(label, f"visible_{ray}", False)
    bpy.context.scene.collection.objects.link(label)
    return label


def photo_as_light(path: Path):
    """A world lit by the photo as it is, as Blender's manual does it."""
    import bpy

    world = bpy.data.worlds.new("Plain JPG")
    if bpy.app.version < (5, 0, 0):
        world.use_nodes = True
    tree = world.node_tree
    picture = tree.nodes.new("ShaderNodeTexEnvironment")
    picture.image = bpy.data.images.load(str(path))
    tree.links.new(picture.outputs["Color"], tree.nodes["Background"].inputs["Color"])
    return world


def render(path: Path):
    """Render the scene to `path`, and return the picture."""
    import bpy

    print(f"Rendering {path.stem} ...", flush=True)
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    return bpy.data.images.load(str(path))


def join(left, right, path: Path) -> None:
    """Write the two pictures side by side."""
    import bpy
    import numpy as np

    halves = []
    for image in (left, right):
        pixels = np.empty(len(image.pixels), np.float32)
        image.pixels.foreach_get(pixels)
        halves.append(pixels.reshape(image.size[1], image.size[0], image.channels))
        bpy.data.images.remove(image)
    both = np.concatenate(halves, axis=1)
    both[:, HALF[0] - 1 : HALF[0] + 1] = 1.0
    picture = bpy.data.images.new("Comparison", both.shape[1], both.shape[0])
    picture.pixels.foreach_set(both.ravel())
    picture.filepath_raw, picture.file_format = str(path), "PNG"
    picture.save()
    bpy.data.images.remove(picture)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="ldr_to_hdri_user_") as folder:
        checkout.enable_checkout(Path(folder) / "user")
        try:
            main()
        finally:
            checkout.disable()
    sys.stdout.flush()
