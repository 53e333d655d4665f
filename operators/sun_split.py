"""An environment's sun as a lamp, and back: what changes in the .blend. The state is kept on the environment's group."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import bpy

from ..hdr_core.sun import Sun
from .environment import environment_node, picture_node
from .errors import SceneError
from .images import load_image, pack_image
from .paths import absolute_path
from .sun_lamp import add_lamp
from .worker_session import worker

_WHOLE, _LAMP, _THRESHOLD = "ldr_to_hdri_whole_image", "ldr_to_hdri_sun_lamp", "ldr_to_hdri_sun_threshold"


def is_split(world: bpy.types.World | None) -> bool:
    """Whether a lamp stands for the sun of the environment that lights `world`."""
    node = environment_node(world)
    return node is not None and _LAMP in node.node_tree


def split(scene: bpy.types.Scene) -> Sun:
    """Make the sun of the scene's environment a lamp, and write the environment without it beside the original.

    Raises HdrError before any change where that cannot be done.
    """
    world = scene.world
    node = _node(scene)
    if _LAMP in node.node_tree:
        raise SceneError("The sun of this environment is a lamp already.", "Merge it first.")
    image = picture_node(node.node_tree).image
    if image is None:
        raise SceneError("The environment shows no image.", "Convert a photo first.")
    sun, rest = _split_image(image)

    if node.node_tree.users > 1:  # another world shows the same group
        node.node_tree = node.node_tree.copy()
    tree = node.node_tree
    tree[_WHOLE], tree[_THRESHOLD] = image, world.sun_threshold
    picture_node(tree).image = rest
    tree[_LAMP] = add_lamp(scene, world, node, sun)
    world.sun_threshold = 0.0  # else EEVEE makes a second sun of what is left around the first
    return sun


def merge(scene: bpy.types.Scene) -> None:
    """Remove the lamp and show the whole environment again. Raises SceneError where there is none to merge."""
    node = _node(scene)
    whole = node.node_tree.get(_WHOLE)
    if _LAMP not in node.node_tree or whole is None:
        raise SceneError("The sun of this environment is no lamp.", "Split it first.")
    forget(scene.world)
    picture_node(node.node_tree).image = whole


def forget(world: bpy.types.World | None) -> None:
    """Remove the lamp of the environment that lights `world`, whose picture is about to change, or has. Safe where none is."""
    node = environment_node(world)
    if node is None or _LAMP not in node.node_tree:
        return
    tree = node.node_tree
    lamp = tree[_LAMP]
    world.sun_threshold = tree[_THRESHOLD]
    for key in (_LAMP, _WHOLE, _THRESHOLD):
        if key in tree:
            del tree[key]
    if lamp is not None:  # the user may have deleted it
        light = lamp.data
        bpy.data.objects.remove(lamp)
        if light.users == 0:
            bpy.data.lights.remove(light)


def _node(scene: bpy.types.Scene) -> Any:
    node = environment_node(scene.world)
    if node is None:
        raise SceneError("No environment of this extension lights the scene.", "Convert a photo first.")
    if scene.library is not None or scene.world.library is not None or scene.world.override_library is not None:
        raise SceneError("The scene or its world is linked from another file.", "Make both local first.")
    return node


def _split_image(image: bpy.types.Image) -> tuple[Sun, bpy.types.Image]:
    """The sun, and the image without it: beside the original, or packed as it is."""
    if image.packed_file is None:
        source = absolute_path(image.filepath, image.library)
        output = source.with_name(f"{source.stem}.nosun.exr")
        return worker().split(source, output).wait(), load_image(output)
    scratch = Path(tempfile.mkdtemp(prefix="ldr_to_hdri_", dir=bpy.app.tempdir or None))
    try:
        source = scratch / "whole.exr"
        source.write_bytes(image.packed_file.data)
        output = scratch / f"{Path(bpy.path.basename(image.filepath) or image.name).stem}.nosun.exr"
        sun = worker().split(source, output).wait()
        return sun, pack_image(output, f"{image.name} without its sun")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
