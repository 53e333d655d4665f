"""Makes and renders what elsewhere.py compares, inside a Blender; it sets MODE, FOLDER, ENGINES, READY, PHOTO, PYTHON, ARCHIVE.

MODE "with": the extension is installed; a scene with both nodes is saved as FOLDER/scene.blend, and rendered.
MODE "without": factory settings, no extension; the file is opened, and rendered.
The renders are FOLDER/MODE-ENGINE.exr, and FOLDER/MODE-ENGINE-composed.exr of what the compositor's node shows.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

FOLDER, MODE = Path(os.environ["FOLDER"]), os.environ["MODE"]
SIZE = (96, 64)
SAMPLES = 4
CONTROLS = {
    "Rotation": (0.0, 0.0, math.radians(70)),
    "EV": 0.7,
    "Temperature": 5000.0,
    "Tint": 0.2,
    "Saturation": 1.3,
    "Sun Gain": 1.5,
    "Sun Threshold": 3.0,
    "Highlight Clamp": 500.0,
    "Background Strength": 0.6,
    "Lighting Strength": 1.4,
}


def made() -> None:
    """Two balls on a floor, lit by a converted photo, every control turned; and the compositor's node beside the render."""
    scene = bpy.context.scene
    for thing in list(bpy.data.objects):
        if thing.type != "CAMERA":
            bpy.data.objects.remove(thing)
    bpy.ops.mesh.primitive_plane_add(size=30)
    for place, metallic in (((-1.2, 0, 1), 0.0), ((1.2, 0, 1), 1.0)):
        bpy.ops.mesh.primitive_uv_sphere_add(radius=1, location=place)
        look = bpy.data.materials.new("look")
        if bpy.app.version < (5, 0, 0):
            look.use_nodes = True
        look.node_tree.nodes["Principled BSDF"].inputs["Metallic"].default_value = metallic
        ball = bpy.context.view_layer.objects.active.data
        ball.materials.append(look)
        ball.shade_smooth()
    photo = os.environ["PHOTO"]
    bpy.ops.ldr_to_hdri.convert(filepath=photo, destination="PACKED")
    graded(scene.world.node_tree.nodes)
    bpy.ops.ldr_to_hdri.add_compositor_node()
    tree = scene.node_tree if bpy.app.version < (5, 0, 0) else scene.compositing_node_group
    node = tree.nodes.active
    node.node_tree.ldr_to_hdri.photo = photo
    bpy.ops.ldr_to_hdri.reconvert(group=node.node_tree.name)
    graded(tree.nodes)
    end = next(end for end in tree.nodes if end.type in {"COMPOSITE", "GROUP_OUTPUT"})
    tree.links.new(node.outputs["Image"], end.inputs["Image"])
    bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / "scene.blend"))


def graded(nodes: bpy.types.Nodes) -> None:
    node = next(node for node in nodes if node.type == "GROUP" and node.node_tree.name.startswith("LDR to HDRI"))
    for socket in node.inputs:
        if socket.name in CONTROLS:
            socket.default_value = CONTROLS[socket.name]


def rendered() -> None:
    scene = bpy.context.scene
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = *SIZE, 100
    if hasattr(render.image_settings, "media_type"):  # Blender 5.0
        render.image_settings.media_type = "IMAGE"
    render.image_settings.file_format, render.image_settings.color_depth = "OPEN_EXR", "32"
    scene.cycles.samples, scene.cycles.use_denoising, scene.eevee.taa_render_samples = SAMPLES, False, SAMPLES
    for engine in os.environ["ENGINES"].split():
        is_eevee = engine == "EEVEE"
        render.engine = ("BLENDER_EEVEE_NEXT" if bpy.app.version < (5, 0, 0) else "BLENDER_EEVEE") if is_eevee else engine
        for composed in (False, True):
            render.use_compositing = composed
            render.filepath = str(FOLDER / f"{MODE}-{engine}{'-composed' * composed}.exr")
            bpy.ops.render.render(write_still=True)


def main() -> None:
    if MODE == "with":
        made()
    else:
        assert not hasattr(bpy.types, "LDR_TO_HDRI_OT_convert"), "the extension is here"
        bpy.ops.wm.open_mainfile(filepath=str(FOLDER / "scene.blend"))
    rendered()
    (FOLDER / f"{MODE}.txt").write_text(bpy.app.version_string)


def in_window() -> None:
    """With the window's own Blender: installed from ARCHIVE, or not at all."""
    from window_driver import MODULE, run

    def steps():
        yield 1
        if MODE == "with":
            bpy.ops.extensions.package_install_files(
                repo="user_default", filepath=os.environ["ARCHIVE"], enable_on_install=True
            )
            bpy.context.preferences.addons[MODULE].preferences.python = os.environ["PYTHON"]
        main()

    run(steps(), Path(os.environ["READY"]))


def in_module() -> None:
    """With the bpy module: this checkout as the extension, or factory settings."""
    import checkout

    if MODE == "without":
        main()
        return
    checkout.enable()
    try:
        main()
    finally:
        checkout.disable()


if __name__ == "__main__":
    if bpy.app.background:
        in_module()
    else:
        in_window()
