"""What is tested of one file in a window: Adjust Last Operation, undo, copies, a photo that changes, what happens meanwhile.

Steps of window_session.py, in their order: `photo` was just converted, and lights a new world.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import bpy
import numpy as np
from window_driver import Pauses, area, environment, extension, in_area, show_sidebar, until_idle, window
from window_steps import LONGEST

PICTURES = Path(os.environ["PICTURES"])


def picture(name: str) -> None:
    """Of the whole screen, kept for whoever wants to look; by ImageMagick, where it is there."""
    program = shutil.which("import")
    if program is not None:  # Blender's own screenshot is black where it draws in software
        subprocess.run([program, "-silent", "-window", "root", PICTURES / f"{name}.png"], check=False)


def world_name() -> str:
    return bpy.context.scene.world.name


def image_of(node: bpy.types.Node) -> bpy.types.Image:
    return extension("operators.environment").picture_node(node.node_tree).image


def adjust_last_operation(photo: Path) -> Pauses:
    """The panel that F9 opens, and what it does when World is changed in it: another world, no other conversion."""
    lit, exr = world_name(), photo.with_name(f"{photo.stem}_hdri.exr")
    written = exr.stat().st_mtime_ns
    operator = bpy.context.window_manager.operators[-1]
    assert operator.bl_idname == "LDR_TO_HDRI_OT_convert", operator.bl_idname
    window().cursor_warp(400, 450)
    yield 1
    with in_area("VIEW_3D"):
        bpy.ops.screen.redo_last("INVOKE_DEFAULT")
    yield 2
    picture("adjust_last_operation")
    if shutil.which("xdotool") is not None:  # else it stays open, which does no harm
        subprocess.run(["xdotool", "key", "Escape"], check=False)
    yield 1
    bpy.context.window_manager.operators[-1].properties.world = "REPLACE"
    with in_area("VIEW_3D"):
        bpy.ops.ed.undo_redo("EXEC_DEFAULT", True)  # what the panel does after every change
    yield 1
    assert not extension("operators.task_queue").tasks()
    assert exr.stat().st_mtime_ns == written, "it was converted again"
    assert environment() is not None, world_name()
    assert world_name() != lit, "the world that was there should be lit"
    bpy.context.window_manager.operators[-1].properties.world = "NEW"
    with in_area("VIEW_3D"):
        bpy.ops.ed.undo_redo("EXEC_DEFAULT", True)
    yield 1
    assert world_name() == lit, world_name()


def undo_and_redo(_photo: Path) -> Pauses:
    lit = world_name()
    yield from _step("undo")
    assert environment() is None, "undo should take the environment away"
    assert world_name() != lit
    yield from _step("redo")
    assert world_name() == lit
    assert environment() is not None
    assert image_of(environment()).has_data or image_of(environment()).size[0]


def undo_of_the_controls(_photo: Path) -> Pauses:
    environment().inputs["EV"].default_value = 2.0
    bpy.ops.ed.undo_push(message="EV")
    yield from _step("undo")
    assert environment().inputs["EV"].default_value == 0.0
    yield from _step("redo")
    assert environment().inputs["EV"].default_value == 2.0
    yield from _step("undo")


def _step(way: str) -> Pauses:
    with in_area("VIEW_3D"):
        getattr(bpy.ops.ed, way)()
    yield 1


def a_changed_photo_is_offered_again(photo: Path) -> Pauses:
    """And a copy of the world keeps the picture that it had."""
    world = bpy.context.scene.world
    copied, name = world.copy().name, world.name
    _mirror(photo)
    yield 3  # the panels look at files every two seconds
    changed = extension("operators.photo_file").has_changed
    area("PROPERTIES").spaces.active.context = "WORLD"
    yield from show_sidebar("VIEW_3D")
    assert changed(environment().node_tree)
    picture("photo_changed")
    with in_area("VIEW_3D"):
        assert bpy.ops.ldr_to_hdri.reconvert("INVOKE_DEFAULT") == {"RUNNING_MODAL"}
    yield from until_idle(LONGEST)
    yield 1
    assert world_name() == name
    assert not changed(environment().node_tree)
    now = image_of(environment())
    bpy.context.scene.world = bpy.data.worlds[copied]
    assert image_of(environment()) != now, "the copy should keep its picture"
    bpy.context.scene.world = bpy.data.worlds[name]


def _mirror(photo: Path) -> None:
    """As another program would: the same name, other pixels."""
    image = bpy.data.images.load(str(photo))
    width, height = image.size
    pixels = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(pixels)
    image.pixels.foreach_set(np.ascontiguousarray(pixels.reshape(height, width, -1)[:, ::-1]).ravel())
    image.save()
    bpy.data.images.remove(image)


def a_node_is_duplicated(_photo: Path) -> Pauses:
    """In the node editor, by the operator behind Shift D: both show one group, until one of them is converted again."""
    area("VIEW_3D").type = "NODE_EDITOR"
    yield 1
    space = area("NODE_EDITOR").spaces.active
    space.tree_type, space.shader_type = "ShaderNodeTree", "WORLD"
    yield 1
    tree = bpy.context.scene.world.node_tree
    for node in tree.nodes:
        node.select = node == environment()
    tree.nodes.active = environment()
    before = len(tree.nodes)
    with in_area("NODE_EDITOR"):
        bpy.ops.node.duplicate()
    yield 1
    tree = bpy.context.scene.world.node_tree
    assert len(tree.nodes) == before + 1
    double = tree.nodes.active
    assert double != environment()
    assert extension("operators.node_state").is_ours(double.node_tree)
    tree.nodes.remove(double)
    area("NODE_EDITOR").type = "VIEW_3D"
    yield 1


def undo_and_a_deleted_world_meanwhile(photo: Path) -> Pauses:
    copy = Path(shutil.copy(photo, photo.with_name("meanwhile.jpg")))
    yield from _begin(copy)
    yield from _step("undo")
    bpy.data.worlds.remove(bpy.context.scene.world)
    yield from until_idle(LONGEST)
    yield 1
    assert environment() is not None
    assert copy.with_name("meanwhile_hdri.exr").is_file()


def another_file_meanwhile(photo: Path) -> Pauses:
    copy = Path(shutil.copy(photo, photo.with_name("loaded.jpg")))
    yield from _begin(copy)
    worker = extension("operators.worker_session").worker().pid
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    yield 2
    assert not extension("operators.task_queue").tasks()
    assert environment() is None
    assert not Path(f"/proc/{worker}").exists(), "the worker goes on"
    assert not [path.name for path in copy.parent.iterdir() if path.name.startswith((".", "loaded_hdri"))]
    bpy.context.scene.render.engine = "CYCLES"


def _begin(photo: Path) -> Pauses:
    """Until the worker is at it."""
    with in_area("VIEW_3D"):
        assert bpy.ops.ldr_to_hdri.convert("INVOKE_DEFAULT", filepath=str(photo)) == {"RUNNING_MODAL"}
    while not extension("operators.task_queue").running().progress[1]:
        yield 0.1


EDITS = (
    adjust_last_operation,
    undo_and_redo,
    undo_of_the_controls,
    a_changed_photo_is_offered_again,
    a_node_is_duplicated,
    undo_and_a_deleted_world_meanwhile,
    another_file_meanwhile,
)
