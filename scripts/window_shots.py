"""What the pictures of the documentation show, arranged in a window of Blender. Run by screenshots.py, which sets

SHOT: a function's name; ARCHIVE: the extension's zip; PHOTO; PYTHON: one with torch; READY: the file to make when all is there.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import bpy
from mathutils import Euler

sys.path.insert(0, str(Path(__file__).parent))

from window_driver import MODULE, Pauses, area, in_area, run, show_sidebar, window

SHOT, ARCHIVE, PHOTO, PYTHON = (os.environ[name] for name in ("SHOT", "ARCHIVE", "PHOTO", "PYTHON"))
CATEGORY = "LDR to HDRI"


def prepared(workspace: str, then: Callable[[Path], Pauses]) -> Pauses:
    """The extension in a scene with spheres, in `workspace`; `then` goes on with a copy of the photo."""
    bpy.context.preferences.view.show_splash = False
    bpy.context.preferences.view.show_developer_ui = False
    bpy.ops.extensions.package_install_files(repo="user_default", filepath=ARCHIVE, enable_on_install=True)
    environment = Path(tempfile.gettempdir()) / "ldr-to-hdri"  # a name as in the documentation, whatever it is here
    environment.unlink(missing_ok=True)
    environment.symlink_to(Path(PYTHON).parents[1])
    preferences().python = str(environment / "bin" / Path(PYTHON).name)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"  # EEVEE compiles its shaders for minutes in software
    scene.cycles.preview_samples, scene.cycles.max_bounces = 8, 3
    scene.cycles.use_preview_denoising, scene.render.preview_pixel_size = True, "2"
    build_scene()
    window().workspace = bpy.data.workspaces[workspace]
    photo = Path(shutil.copy(PHOTO, tempfile.mkdtemp(prefix="photos_")))
    yield 2
    yield from then(photo)


def build_scene() -> None:
    for thing in list(bpy.data.objects):
        if thing.type != "CAMERA":
            bpy.data.objects.remove(thing)
    looks = {"Clay": (0.9, 0.0), "Gloss": (0.2, 0.0), "Mirror": (0.0, 1.0)}
    bpy.ops.mesh.primitive_plane_add(size=40)
    for number, (name, (roughness, metallic)) in enumerate(looks.items()):
        bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=32, radius=1, location=(0, 2.4 * (number - 1), 1))
        ball = bpy.context.object
        ball.data.shade_smooth()
        material = bpy.data.materials.new(name)
        if bpy.app.version < (5, 0, 0):
            material.use_nodes = True
        inputs = material.node_tree.nodes["Principled BSDF"].inputs
        inputs["Roughness"].default_value, inputs["Metallic"].default_value = roughness, metallic
        ball.data.materials.append(material)
        ball.select_set(False)


def preferences():
    return bpy.context.preferences.addons[MODULE].preferences


def rendered(seconds: int) -> Pauses:
    """The viewport: rendered, from where the balls fill it."""
    space = area("VIEW_3D").spaces.active
    space.shading.type = "RENDERED"
    view = space.region_3d
    view.view_perspective = "PERSP"
    view.view_distance, view.view_location = 9.5, (0, 0, 0.9)
    view.view_rotation = Euler((math.radians(80), 0, math.radians(60))).to_quaternion()
    for _ in range(seconds):
        area("VIEW_3D").tag_redraw()
        yield 1


def panel(photo: Path) -> Pauses:
    area("PROPERTIES").spaces.active.context = "WORLD"
    yield from show_sidebar("VIEW_3D")
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo))
    yield from rendered(25)


def queue(photo: Path) -> Pauses:
    yield from show_sidebar("VIEW_3D")
    with in_area("VIEW_3D"):
        for name in ("plaza.jpg", "rooftop.jpg", "studio.jpg"):
            copy = photo.with_name(name)
            shutil.copy(photo, copy)
            bpy.ops.ldr_to_hdri.convert("INVOKE_DEFAULT", filepath=str(copy))
    (missing := photo.with_name("notes.jpg")).write_text("no picture")
    with in_area("VIEW_3D"):
        bpy.ops.ldr_to_hdri.convert("INVOKE_DEFAULT", filepath=str(missing))
    yield 6


def changed(photo: Path) -> Pauses:
    """The panel, after another program wrote the photo again."""
    area("PROPERTIES").spaces.active.context = "WORLD"
    yield from show_sidebar("VIEW_3D")
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo))
    os.utime(photo, (2e9, 2e9))
    yield from rendered(25)


def nodes(photo: Path) -> Pauses:
    area("NODE_EDITOR").spaces.active.shader_type = "WORLD"
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo))
    yield from show_sidebar("NODE_EDITOR")
    with in_area("NODE_EDITOR"):
        bpy.ops.node.view_all()
    yield from rendered(20)


def sun(photo: Path) -> Pauses:
    area("PROPERTIES").spaces.active.context = "WORLD"
    yield from show_sidebar("VIEW_3D")
    bpy.ops.ldr_to_hdri.convert(filepath=str(photo))
    bpy.ops.ldr_to_hdri.split_sun()
    yield from rendered(25)


def preview(photo: Path, mode: str = "SPLIT", exposure: float = -3.0) -> Pauses:
    area("VIEW_3D").type = "IMAGE_EDITOR"
    yield 1
    with in_area("IMAGE_EDITOR"):
        bpy.ops.ldr_to_hdri.preview("INVOKE_DEFAULT", filepath=str(photo), width=1024)
    while area("IMAGE_EDITOR").spaces.active.image is None:
        yield 1
    settings = bpy.context.window_manager.ldr_to_hdri_preview
    settings.mode, settings.exposure = mode, exposure
    yield from show_sidebar("IMAGE_EDITOR")
    with in_area("IMAGE_EDITOR"):
        bpy.ops.image.view_all(fit_view=True)
    yield 2


def preview_ev(photo: Path) -> Pauses:
    yield from preview(photo, "EV", 0.0)


def preview_balls(photo: Path) -> Pauses:
    yield from preview(photo, "BALLS", 0.0)


def open_preferences() -> Pauses:
    area("VIEW_3D").type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = CATEGORY
    yield 1
    with bpy.context.temp_override(window=window(), area=area("PREFERENCES")):
        bpy.ops.preferences.addon_expand(module=MODULE)


def preferences_page(_photo: Path) -> Pauses:
    yield from open_preferences()
    bpy.ops.ldr_to_hdri.test_runtime()
    yield 2


def install_runtime(_photo: Path) -> Pauses:
    """The button, pressed, while it downloads."""
    preferences().python = ""
    os.environ.pop("LDR_TO_HDRI_PYTHON", None)
    bpy.context.preferences.system.use_online_access = True
    yield from open_preferences()
    with in_area("PREFERENCES"):
        bpy.ops.ldr_to_hdri.install_runtime("INVOKE_DEFAULT")
    for _ in range(20):  # until it is well under way
        area("PREFERENCES").tag_redraw()
        yield 1


def german(photo: Path) -> Pauses:
    yield from translated(photo, "de")


def japanese(photo: Path) -> Pauses:
    yield from translated(photo, "ja")


def translated(photo: Path, language: str) -> Pauses:
    view = bpy.context.preferences.view
    view.language = next(locale for locale in bpy.app.translations.locales if locale.startswith(language))
    view.use_translate_interface = view.use_translate_tooltips = True
    yield from panel(photo)


WORKSPACES = {"nodes": "Shading"}
run(prepared(WORKSPACES.get(SHOT, "Layout"), globals()[SHOT]), Path(os.environ["READY"]))
