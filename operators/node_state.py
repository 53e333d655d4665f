"""What a group "LDR to HDRI" carries: where its picture comes from, and what the user wants it to come from next.

All of it is plain custom properties of the node tree: they are saved, copied, appended and undone with it, extension or not.
"""

from __future__ import annotations

import json
from dataclasses import asdict, astuple, dataclass, fields

import bpy

from ..hdr_core.errors import HdrError
from ..hdr_core.restored import RestoredLight
from ..hdr_core.settings import ConvertSettings

GROUP_NAME = "LDR to HDRI"
_PHOTO, _EXR, _SETTINGS = "ldr_to_hdri_photo", "ldr_to_hdri_exr", "ldr_to_hdri_settings"
_RESTORED = "ldr_to_hdri_restored"  # share, low, high
_WANTED_PHOTO, _WANTED_SETTINGS = "ldr_to_hdri_wanted_photo", "ldr_to_hdri_wanted_settings"
_STAMP = "ldr_to_hdri_photo_stamp"
_ORIGIN = "ldr_to_hdri_origin"  # of an image
_IMAGE_NODES = {"TEX_ENVIRONMENT", "IMAGE"}  # of the world's group, of the compositor's


@dataclass(frozen=True)
class Origin:
    """Where an environment comes from: the photo's path or image name, the EXR's path, the settings, and what was restored."""

    photo: str
    exr: str
    settings: ConvertSettings
    restored: RestoredLight | None  # None where it was not converted here
    stamp: str = ""  # which state of the photo's file was converted, see `photo_file`


@dataclass(frozen=True)
class Wish:
    """What a group should be converted from: the photo's path or image name, empty where none was chosen yet."""

    photo: str
    settings: ConvertSettings


def is_ours(tree: bpy.types.NodeTree | None) -> bool:
    """Whether `tree` is a group of ours that still has the node which shows its picture."""
    return tree is not None and tree.get(_EXR) is not None and image_node(tree) is not None


def image_node(tree: bpy.types.NodeTree) -> bpy.types.Node | None:
    """The node that shows the picture."""
    return next((node for node in tree.nodes if node.type in _IMAGE_NODES), None)


def mark_empty(tree: bpy.types.NodeTree) -> None:
    """Makes `tree` a group of ours that shows nothing yet."""
    tree[_PHOTO] = tree[_EXR] = ""
    tree[_SETTINGS] = _dump(ConvertSettings())


def write_origin(tree: bpy.types.NodeTree, origin: Origin) -> None:
    """Keeps `origin` on the group; what the user wished for has come true, or is overtaken."""
    tree[_PHOTO] = origin.photo
    tree[_EXR] = origin.exr
    tree[_SETTINGS] = _dump(origin.settings)
    tree[_STAMP] = origin.stamp
    for key in (_WANTED_PHOTO, _WANTED_SETTINGS, _RESTORED):
        if tree.get(key) is not None:
            del tree[key]
    if origin.restored is not None:
        tree[_RESTORED] = astuple(origin.restored)


def keep_origin(image: bpy.types.Image, origin: Origin) -> None:
    """Keeps `origin` on the image itself, which may become an environment later."""
    image[_ORIGIN] = json.dumps(asdict(origin), sort_keys=True)


def origin_of(image: bpy.types.Image) -> Origin | None:
    """What `keep_origin` kept; None for an image that was not converted here."""
    try:
        kept = json.loads(image.get(_ORIGIN, "null"))
        settings, restored = _load(json.dumps(kept["settings"])), RestoredLight(**kept["restored"])
        return Origin(kept["photo"], image.filepath, settings, restored, kept.get("stamp", ""))
    except (ValueError, TypeError, KeyError):
        return None


def restored_light(tree: bpy.types.NodeTree) -> RestoredLight | None:
    """How much of the light of one of our groups was restored; None where it does not say, as those of version 0.1 do not."""
    kept = tree.get(_RESTORED)
    return RestoredLight(*kept) if kept is not None else None


def converted(tree: bpy.types.NodeTree) -> Wish:
    """What the picture that the group shows was converted from."""
    return Wish(tree.get(_PHOTO, ""), _load(tree.get(_SETTINGS, "{}")))


def wanted(tree: bpy.types.NodeTree) -> Wish:
    """What the user wants it to be converted from: what it was, as far as nothing else was chosen."""
    photo = tree.get(_WANTED_PHOTO, tree.get(_PHOTO, ""))
    return Wish(photo, _load(tree.get(_WANTED_SETTINGS, tree.get(_SETTINGS, "{}"))))


def want(tree: bpy.types.NodeTree, wish: Wish) -> None:
    """Keeps what the user wants, until the next conversion."""
    tree[_WANTED_PHOTO] = wish.photo
    tree[_WANTED_SETTINGS] = _dump(wish.settings)


def stamp_of(tree: bpy.types.NodeTree) -> str:
    """Which state of its photo's file a group shows; empty where that is not known."""
    return tree.get(_STAMP, "")


def exr_of(tree: bpy.types.NodeTree) -> str:
    """The path of the EXR that was made, as it stands in the .blend; empty before the first conversion."""
    return tree.get(_EXR, "")


def _dump(settings: ConvertSettings) -> str:
    return json.dumps(asdict(settings), sort_keys=True)


def _load(text: str) -> ConvertSettings:
    """The settings in `text`; another version's that mean nothing here are left out."""
    try:
        saved = json.loads(text)
        known = {field.name for field in fields(ConvertSettings)}
        return ConvertSettings(**{name: value for name, value in saved.items() if name in known})
    except (ValueError, AttributeError, HdrError):
        return ConvertSettings()
