"""Blender's operators: collect what the user asks, call the core, report."""

from __future__ import annotations

import bpy

from . import (
    console,
    control_settings,
    group_settings,
    library_command,
    library_job,
    preview_job,
    preview_settings,
    runtime_command,
    runtime_install,
    task_queue,
)
from .add_nodes import LDR_TO_HDRI_OT_add_compositor_node, LDR_TO_HDRI_OT_add_world_node
from .camera_match import LDR_TO_HDRI_OT_match_camera
from .cancel import LDR_TO_HDRI_OT_cancel, LDR_TO_HDRI_OT_cancel_all
from .convert import LDR_TO_HDRI_OT_convert
from .drop import LDR_TO_HDRI_OT_drop
from .face import LDR_TO_HDRI_OT_face
from .library import LDR_TO_HDRI_OT_convert_library
from .preview import LDR_TO_HDRI_OT_preview
from .reconvert import LDR_TO_HDRI_OT_reconvert
from .runtime import LDR_TO_HDRI_OT_test_runtime
from .runtime_install import (
    LDR_TO_HDRI_OT_install_runtime,
    LDR_TO_HDRI_OT_remove_runtime,
    LDR_TO_HDRI_OT_stop_installation,
)
from .sun import LDR_TO_HDRI_OT_merge_sun, LDR_TO_HDRI_OT_split_sun
from .use_as_world import LDR_TO_HDRI_OT_use_as_world
from .worker_session import close_worker

_CLASSES = (
    LDR_TO_HDRI_OT_convert,
    LDR_TO_HDRI_OT_cancel,
    LDR_TO_HDRI_OT_cancel_all,
    LDR_TO_HDRI_OT_split_sun,
    LDR_TO_HDRI_OT_merge_sun,
    LDR_TO_HDRI_OT_match_camera,
    LDR_TO_HDRI_OT_face,
    LDR_TO_HDRI_OT_add_world_node,
    LDR_TO_HDRI_OT_add_compositor_node,
    LDR_TO_HDRI_OT_reconvert,
    LDR_TO_HDRI_OT_preview,
    LDR_TO_HDRI_OT_use_as_world,
    LDR_TO_HDRI_OT_drop,
    LDR_TO_HDRI_OT_test_runtime,
    LDR_TO_HDRI_OT_install_runtime,
    LDR_TO_HDRI_OT_stop_installation,
    LDR_TO_HDRI_OT_remove_runtime,
    LDR_TO_HDRI_OT_convert_library,
)


@bpy.app.handlers.persistent
def _stop_before_load(*_: object) -> None:
    task_queue.cancel_all()  # their scene is about to go
    preview_job.forget()


def register() -> None:
    group_settings.register()
    preview_settings.register()
    control_settings.register()
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    bpy.app.handlers.load_pre.append(_stop_before_load)
    console.register({module.NAME: module.run for module in (library_command, runtime_command)})


def unregister() -> None:
    console.unregister()
    runtime_install.abort()
    library_job.end()
    task_queue.cancel_all()
    preview_job.forget()
    close_worker()
    bpy.app.handlers.load_pre.remove(_stop_before_load)
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
    control_settings.unregister()
    preview_settings.unregister()
    group_settings.unregister()
