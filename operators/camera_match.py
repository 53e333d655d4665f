"""The operator bpy.ops.ldr_to_hdri.match_camera: the scene's camera sees what the photo's camera saw."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy.props import BoolProperty, FloatProperty
from mathutils import Euler, Matrix

from ..hdr_core.errors import HdrError
from ..hdr_core.source_view import SourceView
from . import facts
from .backplate import set_backplate
from .environment import environment_node, is_lit, rotation_socket
from .errors import SceneError
from .node_state import converted

_CATCHER = "Shadow Catcher"


def _correction(name: str, description: str) -> Any:
    """An angle that corrects what is there, so it begins at 0 at each match."""
    return FloatProperty(
        name=name,
        description=description,
        default=0.0,
        soft_min=-math.pi / 6,
        soft_max=math.pi / 6,
        subtype="ANGLE",
        options={"SKIP_SAVE"},
    )


class LDR_TO_HDRI_OT_match_camera(bpy.types.Operator):
    """Give the scene's camera the photo's view, and show the photo behind it"""

    bl_idname = "ldr_to_hdri.match_camera"
    bl_label = "Match Camera to Photo"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    height: FloatProperty(
        name="Height", description="Of the camera above the ground", default=1.6, min=0.01, soft_max=100.0, subtype="DISTANCE"
    )
    pitch: _correction("Pitch", "Corrects the tilt: turns environment and camera farther up")
    roll: _correction("Roll", "Corrects the tilt: turns environment and camera clockwise")
    backplate: BoolProperty(name="Backplate", description="Show the photo behind the scene in the camera's view", default=True)
    resolution: BoolProperty(name="Resolution", description="Give the render the photo's proportions", default=True)
    shadow_catcher: BoolProperty(
        name="Shadow Catcher", description="Add a plane on the ground that shows nothing but shadows (Cycles)", default=False
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return is_lit(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            missing = self._match(context)
        except HdrError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if missing:
            self.report({"WARNING"}, missing)
        return {"FINISHED"}

    def _match(self, context: bpy.types.Context) -> str:
        """Returns what could not be done, or nothing."""
        scene: Any = context.scene
        node = environment_node(scene.world)
        view = _view(node)
        if scene.library is not None:
            raise SceneError("The scene is linked from another file.", "Make it local first.")
        camera = scene.camera or _new_camera(scene)
        if camera.data.library is not None or camera.library is not None:
            raise SceneError("The scene's camera is linked from another file.", "Make it local, or choose another camera.")
        if self.pitch or self.roll:
            _correct_tilt(node, view, math.degrees(self.pitch), math.degrees(self.roll))
        camera.matrix_world = Matrix.Translation((0, 0, self.height)) @ (_rotation(node) @ _towards(view)).to_4x4()
        data = camera.data
        data.type = "PERSP"
        data.sensor_fit = "HORIZONTAL" if view.fov >= view.vertical_fov else "VERTICAL"
        widest = math.radians(max(view.fov, view.vertical_fov))
        data.lens = (data.sensor_width if view.fov >= view.vertical_fov else data.sensor_height) / 2 / math.tan(widest / 2)
        data.shift_x = data.shift_y = 0.0
        if self.resolution:
            _set_proportions(scene, view)
        if self.shadow_catcher:
            _add_catcher(scene)
        return " ".join(self._missing(scene, node, view))

    def _missing(self, scene: Any, node: Any, view: SourceView) -> Iterator[str]:
        """Adds the backplate; yields what this Blender, or this scene, does not show."""
        if self.shadow_catcher and scene.render.engine != "CYCLES":
            yield "Only Cycles has shadow catchers: with this render engine the plane hides the photo's ground."
        photo, done = converted(node.node_tree).photo, facts.read(node.node_tree)
        if self.backplate and not (done and set_backplate(scene.camera.data, node, photo, view, _towards(view), done.white)):
            yield f'Blender cannot show "{Path(photo).name}", so there is no backplate: the environment itself shows the photo.'


def _view(node: Any) -> SourceView:
    done = facts.read(node.node_tree)
    if done is None or done.view.kind != "perspective":
        raise SceneError(
            "The environment was not made from an ordinary photo, so there is no camera to match.",
            "Convert a photo with the projection Automatic or Photo.",
        )
    return done.view


def _rotation(node: Any) -> Matrix:
    """How the environment is turned."""
    return Euler(node.inputs["Rotation"].default_value, "XYZ").to_matrix()


def _correct_tilt(node: Any, view: SourceView, pitch: float, roll: float) -> None:
    """Turn the environment as if the photo had been taken so many degrees farther up, and farther clockwise."""
    socket = rotation_socket(node)
    corrected = _towards(replace(view, pitch=view.pitch + pitch, roll=view.roll + roll))
    turned = _rotation(node) @ corrected @ _towards(view).transposed()
    socket.default_value = turned.to_euler("XYZ", Euler(socket.default_value, "XYZ"))


def _towards(view: SourceView) -> Matrix:
    """(3, 3), the camera's axes in the environment's: Blender's cameras look along -Z, their up is +Y."""
    turned = Matrix.Rotation(math.radians(view.yaw), 3, "Z") @ Matrix.Rotation(-math.radians(view.pitch), 3, "Y")
    rolled = turned @ Matrix.Rotation(math.radians(view.roll), 3, "X")
    ahead, left, up = (rolled.col[axis] for axis in range(3))
    return Matrix((-left, up, -ahead)).transposed()


def _new_camera(scene: Any) -> Any:
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera


def _set_proportions(scene: Any, view: SourceView) -> None:
    """The longer side of the render stays as it is."""
    ratio = math.tan(math.radians(view.fov) / 2) / math.tan(math.radians(view.vertical_fov) / 2)
    longer = max(scene.render.resolution_x, scene.render.resolution_y)
    scene.render.resolution_x = longer if ratio >= 1 else round(longer * ratio)
    scene.render.resolution_y = longer if ratio < 1 else round(longer / ratio)
    scene.render.pixel_aspect_x = scene.render.pixel_aspect_y = 1.0


def _add_catcher(scene: Any) -> None:
    """A plane of 20 metres at the world's origin; once."""
    if any(thing.name.startswith(_CATCHER) and thing.is_shadow_catcher for thing in scene.objects):
        return
    mesh = bpy.data.meshes.new(_CATCHER)
    mesh.from_pydata([(-10, -10, 0), (10, -10, 0), (10, 10, 0), (-10, 10, 0)], [], [(0, 1, 2, 3)])
    plane = bpy.data.objects.new(_CATCHER, mesh)
    plane.is_shadow_catcher = True
    plane.display_type = "WIRE"  # in a Solid viewport it would hide the backplate
    scene.collection.objects.link(plane)
