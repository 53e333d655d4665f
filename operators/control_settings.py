"""`WindowManager.ldr_to_hdri_controls`: the controls of the node that the user means, by plain names, as presets write them."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import FloatProperty, PointerProperty

from .node_sockets import WORLD_CONTROLS, Control
from .node_target import node_in_context


def identifier(control: Control) -> str:
    """The property's name: "Sun Gain" is sun_gain."""
    return control.name.lower().replace(" ", "_")


PRESET_CONTROLS = {identifier(control): control for control in WORLD_CONTROLS if not isinstance(control.default, tuple)}
"""All but the rotation, which belongs to a scene, not to a look; by their properties' names."""


def _proxy(name: str) -> Any:
    control = PRESET_CONTROLS[name]

    def get(_: Any) -> float:
        socket = _socket(control)
        return socket.default_value if socket is not None else control.default

    def put(_: Any, value: float) -> None:
        socket = _socket(control)
        if socket is not None:
            socket.default_value = value

    return FloatProperty(
        name=control.name, description=control.description, min=control.minimum, max=control.maximum, get=get, set=put
    )


def _socket(control: Control) -> Any:
    """The input of the node, if there is one and it has that: in the compositor some are missing."""
    node = node_in_context(bpy.context)
    return node.inputs.get(control.name) if node is not None else None


class LDR_TO_HDRI_PG_controls(bpy.types.PropertyGroup):
    """The controls of the node LDR to HDRI that is active, or lights the scene"""

    # Texts, which Blender evaluates: Blender 4.2 never frees the class of a property group. Where that holds a function, and so
    # our module, and so bpy, the bpy module segfaults at the end of a process that uninstalled the extension.
    __annotations__ = {name: f"_proxy({name!r})" for name in PRESET_CONTROLS}


def register() -> None:
    bpy.utils.register_class(LDR_TO_HDRI_PG_controls)
    manager: Any = bpy.types.WindowManager
    manager.ldr_to_hdri_controls = PointerProperty(
        type=LDR_TO_HDRI_PG_controls, name="Controls", description="Of the node LDR to HDRI", options={"SKIP_SAVE"}
    )


def unregister() -> None:
    manager: Any = bpy.types.WindowManager
    del manager.ldr_to_hdri_controls
    bpy.utils.unregister_class(LDR_TO_HDRI_PG_controls)
