"""`NodeTree.ldr_to_hdri`: the photo and the settings that the user chooses for a group; node_state keeps them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import bpy
from bpy.props import EnumProperty, FloatProperty, PointerProperty, StringProperty

from . import node_state
from .choices import ANGLES, BLEND_RELATIVE, COMPRESSION, INPUT_CURVE, PROJECTION, SCALE
from .node_state import Wish


def _choice(name: str, described: dict[str, Any]) -> Any:
    """An enum that shows the field `name` of the group's ConvertSettings."""
    values = [identifier.lower() for identifier, _, _ in described["items"]]

    def get(self: Any) -> int:
        return values.index(getattr(node_state.wanted(self.id_data).settings, name))

    def put(self: Any, number: int) -> None:
        wish = node_state.wanted(self.id_data)
        chosen: dict[str, Any] = {name: values[number]}
        node_state.want(self.id_data, Wish(wish.photo, replace(wish.settings, **chosen)))

    return EnumProperty(**described, get=get, set=put)


def _angle(name: str) -> Any:
    """An angle that shows the field `name` of the group's ConvertSettings, which are degrees."""

    def get(self: Any) -> float:
        return math.radians(getattr(node_state.wanted(self.id_data).settings, name))

    def put(self: Any, value: float) -> None:
        wish = node_state.wanted(self.id_data)
        chosen: dict[str, Any] = {name: round(math.degrees(value), 3)}
        node_state.want(self.id_data, Wish(wish.photo, replace(wish.settings, **chosen)))

    return FloatProperty(**ANGLES[name], get=get, set=put)


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
        options=BLEND_RELATIVE,
        get=_photo,
        set=_set_photo,
    )
    projection: _choice("projection", PROJECTION)
    input_curve: _choice("input_curve", INPUT_CURVE)
    compression: _choice("compression", COMPRESSION)
    fov: _angle("fov")
    pitch: _angle("pitch")
    roll: _angle("roll")
    yaw: _angle("yaw")
    scale: _choice("scale", SCALE)


def register() -> None:
    bpy.utils.register_class(LDR_TO_HDRI_PG_group)
    described = {"name": "LDR to HDRI", "description": "The photo that this group shows, and how it is converted"}
    tree: Any = bpy.types.NodeTree
    tree.ldr_to_hdri = PointerProperty(type=LDR_TO_HDRI_PG_group, **described)


def unregister() -> None:
    tree: Any = bpy.types.NodeTree
    del tree.ldr_to_hdri
    bpy.utils.unregister_class(LDR_TO_HDRI_PG_group)
