"""The operator bpy.ops.ldr_to_hdri.face: the environment is turned until the photo lies where it is wanted."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import bpy
from bpy.props import EnumProperty, FloatProperty
from mathutils import Euler, Vector

from ..hdr_core.errors import HdrError
from . import facts
from .environment import environment_node, is_lit, rotation_socket
from .errors import SceneError

_SHORT = 1e-4  # of a unit vector that points straight up or down, along the ground


class LDR_TO_HDRI_OT_face(bpy.types.Operator):
    """Turn the environment about the vertical until the photo's middle lies there"""

    bl_idname = "ldr_to_hdri.face"
    bl_label = "Turn Photo to Camera"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    towards: EnumProperty(
        name="Towards",
        description="Where the photo's middle comes to lie",
        items=(
            ("VIEW", "Camera's View", "Ahead of the active camera, which looks at it"),
            ("CAMERA", "Camera's Side", "Behind the active camera, so that it lights and mirrors in what faces the camera"),
            ("DIRECTION", "Direction", "In the direction of the angle that is given"),
        ),
        default="VIEW",
    )
    direction: FloatProperty(
        name="Direction",
        description="Seen from above: 0 is +X, a quarter turn +Y",
        default=0.0,
        soft_min=-math.pi,
        soft_max=math.pi,
        subtype="ANGLE",
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return is_lit(cls, context)

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "towards")
        if self.towards == "DIRECTION":
            layout.prop(self, "direction")

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            self._turn(context)
        except HdrError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def _turn(self, context: bpy.types.Context) -> None:
        node = environment_node(context.scene.world)
        rotation = rotation_socket(node)
        wanted = self.direction if self.towards == "DIRECTION" else _azimuth_of_view(context)
        if self.towards == "CAMERA":
            wanted += math.pi
        done = facts.read(node.node_tree)
        yaw, pitch = (math.radians(angle) for angle in ((done.view.yaw, done.view.pitch) if done is not None else (0.0, 0.0)))
        middle = Vector((math.cos(pitch) * math.cos(yaw), math.cos(pitch) * math.sin(yaw), math.sin(pitch)))
        x, y, _ = rotation.default_value
        turned = Euler((x, y, 0.0), "XYZ").to_matrix() @ middle
        angle = wanted - math.atan2(turned.y, turned.x)
        rotation.default_value[2] = (angle + math.pi) % (2 * math.pi) - math.pi


def _azimuth_of_view(context: bpy.types.Context) -> float:
    """Where the scene's camera looks, seen from above; if it looks straight down or up, where its picture's top points."""
    scene: Any = context.scene
    if scene.camera is None:
        raise SceneError("The scene has no active camera.", "Add one, or choose a direction.")
    context.view_layer.update()  # it may just have been moved by a script
    axes = scene.camera.matrix_world.to_3x3().normalized()
    ahead, above = -axes.col[2], axes.col[1]
    along = ahead if math.hypot(ahead.x, ahead.y) > _SHORT else above
    return math.atan2(along.y, along.x)
