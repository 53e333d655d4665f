"""LDR to HDRI: a Blender extension that turns LDR photos into HDR environment maps. Registration, and nothing else."""

from __future__ import annotations

from . import operators, ui


def register() -> None:
    operators.register()
    ui.register()


def unregister() -> None:
    ui.unregister()
    operators.unregister()
