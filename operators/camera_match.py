"""The operator bpy.ops.ldr_to_hdri.match_camera: the scene's camera sees what the photo's camera saw."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy.props import BoolProperty, FloatProperty
from mathutils import Euler, Matrix

from ..hdr_core.errors import HdrError
from ..hdr_core.source_view import SourceView
from . import facts
from .environment import environment_node, is_lit
from .errors import SceneError
from .node_state import converted
from .paths import absolute_path

_CATCHER = "Shadow Catcher"
_TURNED = {3: math.pi, 4: math.pi, 5: math.pi / 2, 6: math.pi / 2, 7: -math.pi / 2, 8: -math.pi / 2}  # clockwise, by EXIF
_MIRRORED = {2, 4, 5, 7}


class LDR_TO_HDRI_OT_match_camera(bpy.types.Operator):
    """Give the scene's camera the photo's view, and show the photo behind it"""

    bl_idname = "ldr_to_hdri.match_camera"
    bl_label = "Match Camera to Photo"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    height: FloatProperty(
        name="Height", description="Of the camera above the ground", default=1.6, min=0.01, soft_max=100.0, subtype="DISTANCE"
    )
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
        view, rotation = _view(node), _rotation(node)
        if scene.library is not None:
            raise SceneError("The scene is linked from another file.", "Make it local first.")
        camera = scene.camera or _new_camera(scene)
        if camera.data.library is not None or camera.library is not None:
            raise SceneError("The scene's camera is linked from another file.", "Make it local, or choose another camera.")
        camera.matrix_world = Matrix.Translation((0, 0, self.height)) @ (rotation @ _towards(view)).to_4x4()
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
        return _set_backplate(data, converted(node.node_tree).photo, view) if self.backplate else ""


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


def _set_backplate(data: Any, photo: str, view: SourceView) -> str:
    image = _photo_image(photo)
    if image is None:
        return f'Blender cannot show "{Path(photo).name}", so there is no backplate: the environment itself shows the photo.'
    plate = next((plate for plate in data.background_images if plate.image == image), None)
    plate = plate or data.background_images.new()
    plate.image = image
    plate.alpha = 1.0
    plate.frame_method = "FIT"
    plate.rotation = _TURNED.get(view.orientation, 0.0)
    plate.use_flip_x = view.orientation in _MIRRORED
    data.show_background_images = True
    return ""


def _photo_image(photo: str) -> Any:
    """The photo as an image of the .blend; None where Blender cannot read it, as it cannot HEIC."""
    if photo in bpy.data.images:
        return bpy.data.images[photo]
    try:
        image: Any = bpy.data.images.load(str(absolute_path(photo)), check_existing=True)
    except (RuntimeError, HdrError):
        return None
    if image.size[0]:
        return image
    if not image.users:
        bpy.data.images.remove(image)
    return None


def _add_catcher(scene: Any) -> None:
    """A plane of 20 metres at the world's origin; once."""
    if any(thing.name.startswith(_CATCHER) and thing.is_shadow_catcher for thing in scene.objects):
        return
    mesh = bpy.data.meshes.new(_CATCHER)
    mesh.from_pydata([(-10, -10, 0), (10, -10, 0), (10, 10, 0), (-10, 10, 0)], [], [(0, 1, 2, 3)])
    plane = bpy.data.objects.new(_CATCHER, mesh)
    plane.is_shadow_catcher = True
    scene.collection.objects.link(plane)
