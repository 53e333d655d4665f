"""What is tested in a window of files that use each other: append, link, library override, of world and of node group.

Steps of window_session.py.
"""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from window_driver import Pauses, area, environment, extension, in_area, show_sidebar, until_idle
from window_edits import picture
from window_steps import LONGEST

WORLD, TREE = "Lit", "Graded"


def append_link_and_override(photo: Path) -> Pauses:
    """A file with both nodes, and what others make of it. Each must show the world as it was."""
    library = photo.with_name("library.blend")
    yield from _save(photo, library)
    seen = _seen(photo)
    for way in (_appended, _linked, _overridden):
        bpy.ops.wm.read_homefile(use_factory_startup=True)
        yield 1
        bpy.context.scene.render.engine = "CYCLES"
        way(library)
        yield 1
        assert np.array_equal(_seen(photo), seen), f"{way.__name__} looks different"
        yield from _locked(photo, way)


def _save(photo: Path, library: Path) -> Pauses:
    with in_area("VIEW_3D"):
        bpy.ops.ldr_to_hdri.convert("INVOKE_DEFAULT", filepath=str(photo))
    yield from until_idle(LONGEST)
    yield 1
    bpy.context.scene.world.name = WORLD
    environment().inputs["EV"].default_value = 1.0
    bpy.ops.ldr_to_hdri.add_compositor_node()
    tree = extension("operators.compositor_group").compositor_tree(bpy.context.scene)
    tree.nodes.active.node_tree.name = TREE
    tree.nodes.active.node_tree.ldr_to_hdri.photo = str(photo)
    bpy.ops.ldr_to_hdri.reconvert(group=TREE)
    bpy.ops.wm.save_as_mainfile(filepath=str(library))


def _appended(library: Path) -> None:
    _bring(library, link=False)
    assert environment().node_tree.library is None


def _linked(library: Path) -> None:
    _bring(library, link=True)
    assert environment().node_tree.library is not None


def _overridden(library: Path) -> None:
    _bring(library, link=True)
    bpy.context.scene.world = bpy.context.scene.world.override_create(remap_local_usages=True)
    assert bpy.context.scene.world.override_library is not None


def _bring(library: Path, *, link: bool) -> None:
    """By the operators behind File > Append and File > Link."""
    bring = bpy.ops.wm.link if link else bpy.ops.wm.append
    for kind, name in (("World", WORLD), ("NodeTree", TREE)):
        with in_area("VIEW_3D"):
            assert bring(directory=f"{library}/{kind}/", filename=name) == {"FINISHED"}
    bpy.context.scene.world = next(world for world in bpy.data.worlds if world.name.startswith(WORLD))


def _locked(photo: Path, way) -> Pauses:
    """What is appended can be converted again; the rest says what to do, and can be after that was done."""
    group = next(tree for tree in bpy.data.node_groups if tree.name.startswith(TREE))
    assert extension("operators.node_state").is_ours(group)
    if way is not _appended:
        assert "make it local" in extension("operators.node_target").why_locked(environment())
        with in_area("VIEW_3D"):
            assert not bpy.ops.ldr_to_hdri.reconvert.poll()
        area("PROPERTIES").spaces.active.context = "WORLD"
        yield from show_sidebar("VIEW_3D")
        picture(way.__name__.strip("_"))
        bpy.context.scene.world.make_local()
        environment().node_tree.make_local()
        group.make_local()
    environment().node_tree.ldr_to_hdri.input_curve = "SRGB"
    with in_area("VIEW_3D"):
        assert bpy.ops.ldr_to_hdri.reconvert("INVOKE_DEFAULT") == {"RUNNING_MODAL"}
    yield from until_idle(LONGEST)
    assert environment().inputs["EV"].default_value == 1.0
    bpy.ops.ldr_to_hdri.reconvert(group=next(tree.name for tree in bpy.data.node_groups if tree.name.startswith(TREE)))


def _seen(photo: Path) -> np.ndarray:
    """What Cycles sees of the world."""
    scene = bpy.context.scene
    for thing in scene.objects:
        thing.hide_render = thing.type != "CAMERA"
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 64, 32, 100
    if hasattr(scene.render.image_settings, "media_type"):  # Blender 5.0
        scene.render.image_settings.media_type = "IMAGE"
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = "OPEN_EXR", "32"
    scene.render.use_compositing = False
    scene.render.filepath = str(photo.with_name("seen.exr"))
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(scene.render.filepath)
    pixels = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    assert pixels.std() > 0
    return pixels
