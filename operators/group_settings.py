"""`NodeTree.ldr_to_hdri`: the photo and the settings that the user chooses for a group; node_state keeps them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
from bpy.props import EnumProperty, FloatProperty, PointerProperty, StringProperty

from . import node_state
from .choices import ANGLES, COMPRESSIONS, INPUT_CURVES, PROJECTIONS, SCALES
from .node_state import Wish

_PATH = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()


def _choice(name: str, label: str, description: str, items: tuple[tuple[str, str, str], ...]) -> Any:
    """An enum that shows one field of the group's ConvertSettings."""
    values = [identifier.lower() for identifier, _, _ in items]

    def get(self: Any) -> int:
        return values.index(getattr(node_state.wanted(self.id_data).settings, name))

    def put(self: Any, number: int) -> None:
        wish = node_state.wanted(self.id_data)
        chosen: dict[str, Any] = {name: values[number]}
        node_state.want(self.id_data, Wish(wish.photo, replace(wish.settings, **chosen)))

    return EnumProperty(name=label, description=description, items=items, get=get, set=put)


def _angle(index: int) -> Any:
    """A number that shows one field of the group's ConvertSettings."""
    name, label, description, least, most = ANGLES[index]

    def get(self: Any) -> float:
        return getattr(node_state.wanted(self.id_data).settings, name)

    def put(self: Any, value: float) -> None:
        wish = node_state.wanted(self.id_data)
        chosen: dict[str, Any] = {name: round(value, 3)}
        node_state.want(self.id_data, Wish(wish.photo, replace(wish.settings, **chosen)))

    return FloatProperty(name=label, description=f"{description} (degrees)", min=least, max=most, get=get, set=put)


def _photo(self: Any) -> str:
    return node_state.wanted(self.id_data).photo


def _set_photo(self: Any, photo: str) -> None:
    node_state.want(self.id_data, Wish(photo, node_state.wanted(self.id_data).settings))


class LDR_TO_HDRI_PG_group(bpy.types.PropertyGroup):
    """The photo that a group shows, and how it is converted"""

    photo: StringProperty(
        name="Photo",
        description="Photo that this environment is made from: a file, or the name of an image of this .blend",
        subtype="FILE_PATH",
        options=_PATH,
        get=_photo,
        set=_set_photo,
    )
    projection: _choice(
        "projection",
        "Projection",
        "Which part of the world the photo shows",
        PROJECTIONS,
    )
    input_curve: _choice(
        "input_curve",
        "Input Curve",
        "How the photo's values came from light",
        INPUT_CURVES,
    )
    compression: _choice(
        "compression",
        "Compression",
        "How the EXR is compressed",
        COMPRESSIONS,
    )
    fov: _angle(0)
    pitch: _angle(1)
    roll: _angle(2)
    yaw: _angle(3)
    scale: _choice("scale", "Scale", "What 1.0 in the environment is", SCALES)


def register() -> None:
    bpy.utils.register_class(LDR_TO_HDRI_PG_group)
    described = {"name": "LDR to HDRI", "description": "The photo that this group shows, and how it is converted"}
    tree: Any = bpy.types.NodeTree
    tree.ldr_to_hdri = PointerProperty(type=LDR_TO_HDRI_PG_group, **described)


def unregister() -> None:
    tree: Any = bpy.types.NodeTree
    del tree.ldr_to_hdri
    bpy.utils.unregister_class(LDR_TO_HDRI_PG_group)
