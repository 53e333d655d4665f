"""The operator bpy.ops.ldr_to_hdri.use_as_world."""

from __future__ import annotations

from typing import ClassVar

import bpy
from bpy.props import EnumProperty, StringProperty

from ..hdr_core.errors import HdrError
from ..hdr_core.settings import ConvertSettings
from . import chosen, facts, reports
from .choices import WORLD
from .conversion import ConversionTask, Request
from .environment import environment_node
from .errors import SceneError
from .modal import RunsTask
from .node_state import Origin, origin_of
from .sources import holds_light
from .sun_split import is_split, merge
from .world import check_world, insert_environment

_MODES = tuple(item for item in WORLD["items"] if item[0] != "NONE")


class LDR_TO_HDRI_OT_use_as_world(RunsTask, bpy.types.Operator):
    """Light the scene with this image: one that is HDR as it is, a photo converted first"""

    bl_idname = "ldr_to_hdri.use_as_world"
    bl_label = "Use Image as World"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    image: StringProperty(
        name="Image",
        description="Image of this .blend. Empty: the one that the Image Editor shows",
        options={"SKIP_SAVE"},
    )
    world: EnumProperty(**{**WORLD, "items": _MODES}, default="NEW")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        space = context.space_data
        if space is not None and space.type == "IMAGE_EDITOR" and space.image is None:
            cls.poll_message_set("The Image Editor shows no image")
            return False
        return True

    def draw(self, context: bpy.types.Context) -> None:
        """Of an image that is HDR only: of a photo, a change would convert it again, blocking the window."""
        image = bpy.data.images.get(self.image)
        if image is not None and holds_light(image):
            self.layout.prop(self, "world")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        self.in_window = not bpy.app.background
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        space = context.space_data
        if not self.image and space is not None and space.type == "IMAGE_EDITOR":
            self.image = space.image.name
        image = bpy.data.images.get(self.image)
        try:
            if image is None:
                raise SceneError(f'There is no image "{self.image}" in this file.', "Choose one that the Image Editor lists.")
            if holds_light(image):
                return self._show(context.scene, image)
        except HdrError as error:
            return self.give_up(error)
        return self.run_task(context, lambda: ConversionTask(self._request(context)))

    def _show(self, scene: bpy.types.Scene, image: bpy.types.Image) -> set[str]:
        check_world(scene, self.world)
        if is_split(scene.world):
            merge(scene)  # the lamp is the sun of the picture that goes
        origin = origin_of(image) or Origin("", image.filepath, ConvertSettings(), None)
        world = insert_environment(scene, self.world, image, origin, name=bpy.path.display_name(image.name))
        group, known = environment_node(world).node_tree, facts.read(image)
        if known is not None:
            facts.keep(group, known)
        else:
            facts.forget(group)
        self.report({"INFO"}, reports.lit(image, world))
        return {"FINISHED"}

    def _request(self, context: bpy.types.Context) -> Request:
        preferences = chosen.preferences()
        settings = ConvertSettings(compression=preferences.compression.lower())
        return Request(
            filepath="",
            image=self.image,
            output="",
            destination=preferences.destination,
            folder=preferences.folder,
            world=self.world,
            settings=settings,
            overwrite=False,
            scene=context.scene.name,
        )
