"""Blender's operators: collect what the user asks, call the core, report."""

from __future__ import annotations

import bpy

from .cancel import LDR_TO_HDRI_OT_cancel
from .conversion import abort
from .convert import LDR_TO_HDRI_OT_convert
from .worker_session import close_worker

_CLASSES = (LDR_TO_HDRI_OT_convert, LDR_TO_HDRI_OT_cancel)


@bpy.app.handlers.persistent
def _abort_before_load(*_: object) -> None:
    abort()  # its scene is about to go


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    bpy.app.handlers.load_pre.append(_abort_before_load)


def unregister() -> None:
    abort()
    close_worker()
    bpy.app.handlers.load_pre.remove(_abort_before_load)
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
