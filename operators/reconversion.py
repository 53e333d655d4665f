"""A group's photo, converted again: what is asked of the conversion, and where its result goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from . import facts, reports, task_queue
from .conversion import ConversionTask, Request
from .environment import environment_node
from .errors import SceneError
from .node_group import show_image
from .node_state import converted, exr_of, image_node, is_ours, wanted
from .node_target import Target, find, own_group
from .paths import absolute_path
from .sun_split import forget

_PACKED_FROM = "ldr_to_hdri_photo"  # what images.pack_image finds the image of a photo by


def request_for(scene: Any, target: Target) -> Request:
    """To convert what the user wants the group to show. Raises SceneError where no photo was chosen."""
    tree = find(target)
    wish = wanted(tree)
    if not wish.photo:
        raise SceneError("There is no photo to convert.", "Choose one in the node editor's sidebar, under LDR to HDRI.")
    of_blend = not _is_path(wish.photo) and wish.photo in bpy.data.images
    packed = getattr(image_node(tree).image, "packed_file", None) is not None
    same_file = exr_of(tree) and wish.photo == converted(tree).photo and not packed and not _shown_elsewhere(tree)
    return Request(
        filepath="" if of_blend else wish.photo,
        image=wish.photo if of_blend else "",
        output=str(absolute_path(exr_of(tree))) if same_file else "" if packed else _free_output(wish.photo),
        destination="PACKED" if packed else "SOURCE",
        folder="",
        world="NONE",
        settings=wish.settings,
        overwrite=False,
        scene=scene.name,
    )


class ReconversionTask(ConversionTask):
    """Converts what a group carries, and shows it there."""

    def __init__(self, scene: Any, target: Target) -> None:
        super().__init__(request_for(scene, target))
        self.target = target

    def apply(self) -> str:
        """As of a conversion. Where the group is gone meanwhile, the .blend has the image all the same."""
        _spare_others(self.target)
        made, image, origin = self.take_image()
        tree = own_group(self.target)
        for scene in bpy.data.scenes:
            node = environment_node(scene.world)
            if node is not None and node.node_tree == tree:
                forget(scene.world)  # its lamp is the sun of the picture that goes
        show_image(tree, image, origin)
        facts.keep(tree, made)
        return reports.reconversion(made)


def task_of(target: Target) -> ReconversionTask | None:
    """What runs or waits for the group of `target`, if anything."""
    tasks = (task for task in task_queue.pending() if isinstance(task, ReconversionTask))
    return next((task for task in tasks if task.target.group == target.group), None)


def _spare_others(target: Target) -> None:
    """Before the result is packed: a packed image that another environment shows too is not written over."""
    tree = bpy.data.node_groups.get(target.group)
    image = image_node(tree).image if is_ours(tree) else None
    if image is not None and image.packed_file is not None and _shown_elsewhere(tree) and _PACKED_FROM in image:
        del image[_PACKED_FROM]


def _is_path(photo: str) -> bool:
    return photo.startswith("//") or Path(photo).is_absolute()


def _shown_elsewhere(tree: bpy.types.NodeTree) -> bool:
    """Whether another environment shows the same image: it should not change with this one."""
    image = image_node(tree).image
    others: list[Any] = [other for other in bpy.data.node_groups if other != tree and is_ours(other)]
    shared = tree.users - tree.use_fake_user > 1
    return image is not None and (shared or any(image_node(other).image == image for other in others))


def _free_output(photo: str) -> str:
    """Where another environment shows the EXR that `photo` would be written to: a path beside it; else empty, the usual one."""
    if not _is_path(photo):
        return ""
    shown = {absolute_path(image.filepath, image.library) for image in bpy.data.images if _has_file(image)}
    first = absolute_path(photo)
    usual = path = first.with_name(f"{first.stem}_hdri.exr")
    number = 1
    while path in shown:
        number += 1
        path = first.with_name(f"{first.stem}_hdri_{number}.exr")
    return "" if path == usual else str(path)


def _has_file(image: bpy.types.Image) -> bool:
    if image.packed_file is not None or not image.filepath:
        return False
    return bpy.data.is_saved or image.library is not None or not image.filepath.startswith("//")
