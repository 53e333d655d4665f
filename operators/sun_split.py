"""An environment's sun as a lamp, and back: what changes in the .blend. The state is kept on the environment's group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ..hdr_core.client import Job
from ..hdr_core.sun import Sun
from . import reports
from .environment import environment_node, picture_node
from .errors import SceneError
from .images import load_image, pack_image
from .paths import absolute_path
from .sun_lamp import add_lamp
from .task import Task
from .worker_session import worker

_WHOLE, _LAMP, _THRESHOLD = "ldr_to_hdri_whole_image", "ldr_to_hdri_sun_lamp", "ldr_to_hdri_sun_threshold"


def is_split(world: bpy.types.World | None) -> bool:
    """Whether a lamp stands for the sun of the environment that lights `world`."""
    node = environment_node(world)
    return node is not None and _LAMP in node.node_tree


class SplitTask(Task[Sun]):
    """Makes the sun of a scene's environment a lamp, and writes the environment without it beside the original."""

    def __init__(self, scene: bpy.types.Scene) -> None:
        super().__init__()
        self._scene = scene.name  # by name: pointers do not survive undo, which may happen meanwhile
        self.title = "Sun"
        self._image = ""
        self._source: Path
        self._output: Path

    def prepare(self) -> None:
        """Raises SceneError where no environment with an image lights the scene, or its sun is a lamp already."""
        image = self._whole_image()
        self._image = image.name
        worker()  # its Python is there
        if image.packed_file is None:
            self._source = absolute_path(image.filepath, image.library)
            self._output = self._source.with_name(f"{self._source.stem}.nosun.exr")
        else:
            self._source = self.scratch / "whole.exr"
            self._source.write_bytes(image.packed_file.data)
            stem = Path(bpy.path.basename(image.filepath) or image.name).stem
            self._output = self.scratch / f"{stem}.nosun.exr"

    def send(self) -> Job[Sun]:
        return worker().split(self._source, self._output)

    def apply(self) -> str:
        sun, image = self.wait(), self._whole_image()
        if image.name != self._image:
            raise SceneError("The environment shows another image by now.", "Split the sun again.")
        packed = image.packed_file is not None
        rest = pack_image(self._output, f"{image.name} without its sun") if packed else load_image(self._output)
        _put_lamp(self._own_scene(), sun, image, rest)
        return reports.sun(sun)

    def _own_scene(self) -> bpy.types.Scene:
        scene = bpy.data.scenes.get(self._scene)
        if scene is None:
            raise SceneError(f'The scene "{self._scene}" is gone.', "Split the sun in the scene that should get the lamp.")
        return scene

    def _whole_image(self) -> bpy.types.Image:
        node = _node(self._own_scene())
        if _LAMP in node.node_tree:
            raise SceneError("The sun of this environment is a lamp already.", "Merge it first.")
        image = picture_node(node.node_tree).image
        if image is None:
            raise SceneError("The environment shows no image.", "Convert a photo first.")
        return image


def _put_lamp(scene: bpy.types.Scene, sun: Sun, whole: bpy.types.Image, rest: bpy.types.Image) -> None:
    world, node = scene.world, _node(scene)
    if node.node_tree.users > 1:  # another world shows the same group
        node.node_tree = node.node_tree.copy()
    tree = node.node_tree
    tree[_WHOLE], tree[_THRESHOLD] = whole, world.sun_threshold
    picture_node(tree).image = rest
    tree[_LAMP] = add_lamp(scene, world, node, sun)
    world.sun_threshold = 0.0  # else EEVEE makes a second sun of what is left around the first


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
