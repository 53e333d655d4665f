"""A photo is dragged from outside onto editors of Blender (XDND). Steps of window_session.py; nothing without X and xdotool."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import bpy
from window_driver import Pauses, area, environment, region, until_idle, window
from window_edits import picture
from window_steps import LONGEST

DRAG = Path(__file__).with_name("window_drag.py")


def a_photo_is_dropped(photo: Path) -> Pauses:
    """Onto the viewport: it lights the scene. Onto the world's nodes: a node of its own."""
    if shutil.which("xdotool") is None or "DISPLAY" not in os.environ:
        return
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    yield 1
    bpy.context.scene.render.engine = "CYCLES"
    yield from _drop("VIEW_3D", photo)
    assert environment() is not None
    area("VIEW_3D").type = "NODE_EDITOR"
    yield 1
    space = area("NODE_EDITOR").spaces.active
    space.tree_type, space.shader_type = "ShaderNodeTree", "WORLD"
    before = len(bpy.context.scene.world.node_tree.nodes)
    yield 1
    yield from _drop("NODE_EDITOR", photo)
    assert len(bpy.context.scene.world.node_tree.nodes) == before + 1
    area("NODE_EDITOR").type = "VIEW_3D"
    yield 1


def _drop(kind: str, photo: Path) -> Pauses:
    body = region(kind)
    x, y = body.x + body.width // 2, window().height - (body.y + body.height // 4)
    with subprocess.Popen([os.environ["PYTHON"], DRAG, str(x), str(y), photo]) as drag:
        until = time.monotonic() + 30
        while drag.poll() is None and time.monotonic() < until:
            yield 0.1
        assert drag.poll() == 0, "it was not taken"
    yield 2
    picture(f"dropped_{kind.lower()}")
    subprocess.run(["xdotool", "key", "Return"], check=True)  # Blender asks who should have it, and proposes us
    yield 2
    yield from until_idle(LONGEST)
    yield 1
