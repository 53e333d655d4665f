"""Blender's operators: collect what the user asks, call the core, report."""

from __future__ import annotations

import bpy

from . import group_settings, preview_job, preview_settings
from .add_nodes import LDR_TO_HDRI_OT_add_compositor_node, LDR_TO_HDRI_OT_add_world_node
from .camera_match import LDR_TO_HDRI_OT_match_camera
from .cancel import LDR_TO_HDRI_OT_cancel
from .conversion import abort
from .convert import LDR_TO_HDRI_OT_convert
from .preview import LDR_TO_HDRI_OT_cancel_preview, LDR_TO_HDRI_OT_preview
from .reconvert import LDR_TO_HDRI_OT_reconvert
from .sun import LDR_TO_HDRI_OT_merge_sun, LDR_TO_HDRI_OT_split_sun
from .worker_session import close_worker

_CLASSES = (
    LDR_TO_HDRI_OT_convert,
    LDR_TO_HDRI_OT_cancel,
    LDR_TO_HDRI_OT_split_sun,
    LDR_TO_HDRI_OT_merge_sun,
    LDR_TO_HDRI_OT_match_camera,
    LDR_TO_HDRI_OT_add_world_node,
    LDR_TO_HDRI_OT_add_compositor_node,
    LDR_TO_HDRI_OT_reconvert,
    LDR_TO_HDRI_OT_preview,
    LDR_TO_HDRI_OT_cancel_preview,
)


@bpy.app.handlers.persistent
def _abort_before_load(*_: object) -> None:
    abort()  # its scene is about to go
    preview_job.forget()


def register() -> None:
    group_settings.register()
    preview_settings.register()
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    bpy.app.handlers.load_pre.append(_abort_before_load)


def unregister() -> None:
    abort()
    preview_job.forget()
    close_worker()
    bpy.app.handlers.load_pre.remove(_abort_before_load)
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
    preview_settings.unregister()
    group_settings.unregister()
