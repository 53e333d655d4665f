"""The operator bpy.ops.ldr_to_hdri.drop: photos that were dropped onto an editor."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import CollectionProperty, StringProperty

from ..hdr_core.projection.face_files import face_files
from .choices import HIDDEN
from .node_target import edited_tree, node_in_context


class LDR_TO_HDRI_OT_drop(bpy.types.Operator):
    """Light the scene with the photo that is dropped; of several, with the last. On a node editor: into a node of its own"""

    bl_idname = "ldr_to_hdri.drop"
    bl_label = "Convert Photo to HDRI"  # Blender offers it in a menu, beside its own handlers
    bl_options: ClassVar[set[str]] = {"INTERNAL"}

    directory: StringProperty(name="Folder", description="Where the photos are", subtype="DIR_PATH", options=HIDDEN)
    files: CollectionProperty(name="Photos", description="Their names", type=bpy.types.OperatorFileListElement, options=HIDDEN)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if edited_tree(context) is None or len(self.files) != 1:
            return self.execute(context)
        space = context.space_data
        space.cursor_location_from_region(event.mouse_region_x, event.mouse_region_y)
        return self._convert_into_node(context)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        how = "EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT"
        for path in self._paths():
            bpy.ops.ldr_to_hdri.convert(how, filepath=path)
        return {"FINISHED"}

    def _convert_into_node(self, context: bpy.types.Context) -> set[str]:
        add = bpy.ops.ldr_to_hdri
        world = edited_tree(context).bl_idname == "ShaderNodeTree"
        if (add.add_world_node() if world else add.add_compositor_node()) != {"FINISHED"}:
            return {"CANCELLED"}
        node_in_context(context).node_tree.ldr_to_hdri.photo = self._paths()[0]
        bpy.ops.ed.undo_push(message="Add LDR to HDRI")
        bpy.ops.ldr_to_hdri.reconvert("INVOKE_DEFAULT")
        return {"FINISHED"}

    def _paths(self) -> list[str]:
        return one_of_each_cube([str(Path(self.directory) / file.name) for file in self.files])


def one_of_each_cube(paths: list[str]) -> list[str]:
    """Of the six files of a cube map that come together only the first: converting it converts all six."""
    kept, others = list[str](), set[str]()
    for path in paths:
        if path not in others:
            kept.append(path)
            faces = {str(face) for face in (face_files(Path(path)) or {}).values()}
            if faces and faces <= set(paths) and _is_square(path):
                others |= faces
    return kept


def _is_square(path: str) -> bool:
    """Photos that only bear such names mostly are not. What Blender cannot read counts as not square."""
    try:
        image = bpy.data.images.load(path)
    except RuntimeError:
        return False
    width, height = image.size
    bpy.data.images.remove(image)
    return 0 < width == height
