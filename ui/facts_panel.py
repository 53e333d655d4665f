"""The sub-panel that says what the conversion did."""

from __future__ import annotations

import bpy

from ..hdr_core.settings import Conversion
from ..hdr_core.summary import lines
from ..operators import facts
from ..operators.environment import environment_node


class WORLD_PT_ldr_to_hdri_facts(bpy.types.Panel):
    bl_label = "What It Did"
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "world"
    bl_parent_id = "WORLD_PT_ldr_to_hdri"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _facts(context.world) is not None

    def draw(self, context: bpy.types.Context) -> None:
        done = _facts(context.world)
        column = self.layout.column(align=True)
        for line in lines(done) if done is not None else ():
            for sentence in line.split("; "):
                column.label(text=sentence)


def _facts(world: bpy.types.World | None) -> Conversion | None:
    node = environment_node(world)
    return facts.read(node.node_tree) if node is not None else None
