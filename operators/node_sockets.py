"""The inputs of a group "LDR to HDRI": names, units, ranges and tooltips. Names are what links and older files go by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

from .node_users import nodes_that_show


@dataclass(frozen=True)
class Control:
    """One input. `panel` is the name of the node's panel that it lies in; empty for none."""

    name: str
    default: float | tuple[float, float, float]
    description: str
    minimum: float = 0.0
    maximum: float = 0.0
    subtype: str = "NONE"
    panel: str = ""


RESULT = "The light, with all that is set here"
"""What the output is called in its tooltip."""

_GRADING, _STRENGTH = "Grading", "Strength"
PANELS = {
    _GRADING: "Colour, the sun's share, and a limit against fireflies",
    _STRENGTH: "How strongly the camera sees the environment, and how strongly it lights: each by itself",
}
"""The node's panels, and their tooltips."""

_ROTATION = Control("Rotation", (0.0, 0.0, 0.0), "Turns the environment, as it would turn an object", subtype="EULER")
_GRADES = (
    Control("EV", 0.0, "Exposure in stops: each one doubles the light", -20.0, 20.0),
    Control(
        "Temperature",
        6500.0,
        "Colour temperature in kelvin of what was white: lower is warmer, 6500 changes nothing",
        2000.0,
        20000.0,
        "COLOR_TEMPERATURE",
        _GRADING,
    ),
    Control("Tint", 0.0, "Green below 0, magenta above; 0 changes nothing", -1.0, 1.0, "FACTOR", _GRADING),
    Control("Saturation", 1.0, "0 is grey; 1 changes nothing", 0.0, 4.0, panel=_GRADING),
    Control(
        "Sun Gain",
        1.0,
        "Multiplies the part of the light that is above Sun Threshold: the sun and lamps. 1 changes nothing",
        0.0,
        1000.0,
        panel=_GRADING,
    ),
    Control(
        "Sun Threshold",
        4.0,
        "Radiance above which Sun Gain acts, before EV; 1 is the photo's white",
        0.0,
        100000.0,
        panel=_GRADING,
    ),
    Control(
        "Highlight Clamp",
        0.0,
        "Largest radiance that is let through, after all other grading but the strengths, its hue kept; 0 is no limit",
        0.0,
        1000000.0,
        panel=_GRADING,
    ),
)
_BLUR = Control(
    "Blur",
    0.0,
    "Softens the environment by scattering the directions in which it is looked up, at random: "
    "more samples make it smooth. 1 is as soft as light on a matt surface; 0 changes nothing",
    0.0,
    1.0,
    "FACTOR",
)
_STRENGTHS = (
    Control("Background Strength", 1.0, "Multiplies what the camera sees of the environment", 0.0, 1000.0, panel=_STRENGTH),
    Control(
        "Lighting Strength", 1.0, "Multiplies what the environment lights, and its reflections", 0.0, 1000.0, panel=_STRENGTH
    ),
)

WORLD_CONTROLS = (_ROTATION, _GRADES[0], _BLUR, *_GRADES[1:], *_STRENGTHS)
COMPOSITOR_CONTROLS = _GRADES


def add_controls(tree: bpy.types.NodeTree, controls: tuple[Control, ...]) -> None:
    """Gives `tree` those of `controls` that it has not: the inputs that are there keep their links and values."""
    interface: Any = tree.interface
    there = {item.name for item in interface.items_tree if item.item_type == "SOCKET" and item.in_out == "INPUT"}
    panels = {item.name: item for item in interface.items_tree if item.item_type == "PANEL"}
    for control in controls:
        if control.name in there:
            continue
        if control.panel and control.panel not in panels:
            panels[control.panel] = interface.new_panel(
                control.panel, description=PANELS[control.panel], default_closed=control.panel == _GRADING
            )
        _add_socket(interface, control, panels.get(control.panel))
        for node in nodes_that_show(tree):  # they have the input already, and 0 in it
            node.inputs[control.name].default_value = control.default


def _add_socket(interface: Any, control: Control, panel: Any) -> None:
    vector = isinstance(control.default, tuple)
    kind = "NodeSocketVector" if vector else "NodeSocketFloat"
    socket = interface.new_socket(name=control.name, in_out="INPUT", socket_type=kind, parent=panel)
    if control.subtype != "COLOR_TEMPERATURE" or bpy.app.version >= (4, 5, 0):  # 4.2 does not know it
        socket.subtype = control.subtype
    socket.default_value = control.default
    if not vector:
        socket.min_value, socket.max_value = control.minimum, control.maximum
    socket.description = control.description
