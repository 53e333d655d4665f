"""The panels of the scene's environment, in Properties > World and in the sidebar of the 3D viewport."""

from __future__ import annotations

from typing import Any, ClassVar

import bpy

from ..operators import facts
from ..operators.convert import LDR_TO_HDRI_OT_convert
from ..operators.environment import environment_node
from ..operators.preview import LDR_TO_HDRI_OT_preview
from ..operators.sun import LDR_TO_HDRI_OT_merge_sun, LDR_TO_HDRI_OT_split_sun
from ..operators.sun_split import is_split
from .draw_node import draw_controls, draw_notice, draw_source
from .facts_table import draw_facts
from .icon import icon
from .places import InView, InWorld, shown_world
from .queue_list import draw_queue
from .runtime_box import draw_missing_runtime


class _Environment:
    bl_label = "LDR to HDRI"

    def draw_header(self: Any, _context: bpy.types.Context) -> None:
        self.layout.label(text="", icon_value=icon())

    def draw(self: Any, context: bpy.types.Context) -> None:
        draw_missing_runtime(self.layout)
        draw_queue(self.layout)
        column = self.layout.column(align=True)
        column.operator(LDR_TO_HDRI_OT_convert.bl_idname, text="Convert Photo…", icon="WORLD")
        column.operator(LDR_TO_HDRI_OT_preview.bl_idname, text="Preview Photo…", icon="HIDE_OFF")
        node = environment_node(shown_world(context))
        if node is not None:
            draw_notice(self.layout, node)
            _draw_show(self.layout, context.space_data)


def _draw_show(layout: Any, space: Any) -> None:
    """In a viewport that does not show the light: a button that makes it. Solid is what Blender starts with."""
    if space.type == "VIEW_3D" and space.shading.type in {"SOLID", "WIREFRAME"}:
        show = layout.operator("wm.context_set_enum", text="See It in the Viewport", icon="SHADING_RENDERED")
        show.data_path, show.value = "space_data.shading.type", "RENDERED"


class _OfNode:
    """A sub-panel that is there where an environment of ours lights the world."""

    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return environment_node(shown_world(context)) is not None


class _Source(_OfNode):
    bl_label = "Photo"

    def draw(self: Any, context: bpy.types.Context) -> None:
        draw_source(self.layout, environment_node(shown_world(context)), notice=False)


class _Controls(_OfNode):
    bl_label = "Controls"

    def draw(self: Any, context: bpy.types.Context) -> None:
        draw_controls(self.layout, environment_node(shown_world(context)))


class _Facts:
    bl_label = "What It Did"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        node = environment_node(shown_world(context))
        return node is not None and facts.read(node.node_tree) is not None

    def draw(self: Any, context: bpy.types.Context) -> None:
        done = facts.read(environment_node(shown_world(context)).node_tree)
        if done is not None:
            draw_facts(self.layout, done)


class _Sun(_OfNode):
    bl_label = "Sun"
    bl_options: ClassVar[set[str]] = set()

    def draw(self: Any, context: bpy.types.Context) -> None:
        kind = LDR_TO_HDRI_OT_merge_sun if is_split(shown_world(context)) else LDR_TO_HDRI_OT_split_sun
        self.layout.operator(kind.bl_idname, icon="LIGHT_SUN")


class WORLD_PT_ldr_to_hdri(InWorld, _Environment, bpy.types.Panel):
    pass


class WORLD_PT_ldr_to_hdri_source(InWorld, _Source, bpy.types.Panel):
    bl_parent_id = "WORLD_PT_ldr_to_hdri"


class WORLD_PT_ldr_to_hdri_controls(InWorld, _Controls, bpy.types.Panel):
    bl_parent_id = "WORLD_PT_ldr_to_hdri"


class WORLD_PT_ldr_to_hdri_facts(InWorld, _Facts, bpy.types.Panel):
    bl_parent_id = "WORLD_PT_ldr_to_hdri"


class WORLD_PT_ldr_to_hdri_sun(InWorld, _Sun, bpy.types.Panel):
    bl_parent_id = "WORLD_PT_ldr_to_hdri"


class VIEW3D_PT_ldr_to_hdri(InView, _Environment, bpy.types.Panel):
    pass


class VIEW3D_PT_ldr_to_hdri_source(InView, _Source, bpy.types.Panel):
    bl_parent_id = "VIEW3D_PT_ldr_to_hdri"


class VIEW3D_PT_ldr_to_hdri_controls(InView, _Controls, bpy.types.Panel):
    bl_parent_id = "VIEW3D_PT_ldr_to_hdri"
    bl_options: ClassVar[set[str]] = set()  # open: what one turns while looking


class VIEW3D_PT_ldr_to_hdri_facts(InView, _Facts, bpy.types.Panel):
    bl_parent_id = "VIEW3D_PT_ldr_to_hdri"


class VIEW3D_PT_ldr_to_hdri_sun(InView, _Sun, bpy.types.Panel):
    bl_parent_id = "VIEW3D_PT_ldr_to_hdri"


PANELS = (
    WORLD_PT_ldr_to_hdri,
    WORLD_PT_ldr_to_hdri_source,
    WORLD_PT_ldr_to_hdri_controls,
    WORLD_PT_ldr_to_hdri_facts,
    WORLD_PT_ldr_to_hdri_sun,
    VIEW3D_PT_ldr_to_hdri,
    VIEW3D_PT_ldr_to_hdri_source,
    VIEW3D_PT_ldr_to_hdri_controls,
    VIEW3D_PT_ldr_to_hdri_facts,
    VIEW3D_PT_ldr_to_hdri_sun,
)
