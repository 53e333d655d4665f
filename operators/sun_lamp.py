"""The sun light that takes the place of the sun in an environment, and turns and shines with it."""

from __future__ import annotations

import math
from typing import Any

import bpy
from mathutils import Vector

from ..hdr_core.sun import Sun

SUN_NAME = "LDR to HDRI Sun"


def add_lamp(scene: bpy.types.Scene, world: bpy.types.World, node: Any, sun: Sun) -> bpy.types.Object:
    """A sun light in `scene` that shines as `sun` did in the environment of `node`, a group node of `world`.

    Blender's strength of a sun light is its irradiance on a plane that faces it (seen in Cycles: strength 1 gives a white
    diffuse plane the radiance 1 / pi), whatever its angle. Its delta rotation is driven, so the user's own stays free.
    """
    light: Any = bpy.data.lights.new(SUN_NAME, "SUN")
    lamp = bpy.data.objects.new(SUN_NAME, light)
    strongest = max(sun.irradiance)
    light.color = [value / strongest for value in sun.irradiance]
    light.angle = math.radians(sun.diameter)
    lamp.rotation_euler = Vector(sun.direction).to_track_quat("Z", "Y").to_euler()
    lamp.location = Vector(sun.direction) * 5
    scene.collection.objects.link(lamp)

    inputs = f'node_tree.nodes["{bpy.utils.escape_identifier(node.name)}"].inputs'
    for axis in range(3):
        turn = lamp.driver_add("delta_rotation_euler", axis)
        _drive(turn, "turn", {"turn": f'{inputs}["Rotation"].default_value[{axis}]'}, world)
    gains = {"ev": f'{inputs}["EV"].default_value'}
    expression = f"{strongest!r} * pow(2, ev)"
    if "Lighting Strength" in node.inputs:  # groups of version 0.1 have none
        gains["lighting"] = f'{inputs}["Lighting Strength"].default_value'
        expression += " * lighting"
    background = _background(node)
    if background is not None:
        name = bpy.utils.escape_identifier(background.name)
        gains["strength"] = f'node_tree.nodes["{name}"].inputs["Strength"].default_value'
        expression += " * strength"
    _drive(light.driver_add("energy"), expression, gains, world)
    return lamp


def _background(node: Any) -> Any:
    """The Background that `node` feeds directly, whose strength dims the environment too."""
    fed = (link.to_node for link in node.outputs["Color"].links)
    return next((to for to in fed if to.type == "BACKGROUND" and not to.inputs["Strength"].is_linked), None)


def _drive(curve: Any, expression: str, values: dict[str, str], world: bpy.types.World) -> None:
    """Simple expressions only: Blender evaluates those without running Python, which a file from elsewhere may not."""
    driver = curve.driver
    driver.type = "SCRIPTED"
    for name, path in values.items():
        variable = driver.variables.new()
        variable.name = name
        variable.targets[0].id_type = "WORLD"
        variable.targets[0].id = world
        variable.targets[0].data_path = path
    driver.expression = expression
