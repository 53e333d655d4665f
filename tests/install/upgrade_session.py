"""A user who updates, and goes back: python upgrade_session.py OLD NEW PHOTO PYTHON. Started by test_beside_others.py."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

MODULE = "bl_ext.user_default.ldr_to_hdri"
old, new, photo, python = sys.argv[1:]


def install(archive: str) -> None:
    bpy.ops.extensions.package_install_files(repo="user_default", filepath=archive, enable_on_install=True)


def named() -> str:
    return bpy.context.preferences.addons[MODULE].preferences.python


def convert() -> None:
    output = Path(photo).with_name("photo_hdri.exr")
    output.unlink(missing_ok=True)
    assert bpy.ops.ldr_to_hdri.convert(filepath=photo) == {"FINISHED"}
    assert output.is_file()


install(old)
bpy.context.preferences.addons[MODULE].preferences.python = python
assert not hasattr(bpy.ops.ldr_to_hdri, "install_runtime") or "install_runtime" not in dir(bpy.ops.ldr_to_hdri)
install(new)
assert named() == python, "the setting is kept"
assert "install_runtime" in dir(bpy.ops.ldr_to_hdri)
convert()
saved = Path(photo).with_name("new.blend")
bpy.ops.wm.save_as_mainfile(filepath=str(saved))
install(old)
assert named() == python
bpy.ops.wm.open_mainfile(filepath=str(saved))
group = next(node for node in bpy.context.scene.world.node_tree.nodes if node.type == "GROUP").node_tree
assert next(node for node in group.nodes if node.type == "TEX_ENVIRONMENT").image.size[0] == 64
convert()
bpy.ops.extensions.package_uninstall(repo_index=1, pkg_id="ldr_to_hdri")
print("all done", flush=True)
