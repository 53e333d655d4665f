"""What a user does with the zip, in a clean Blender: python session.py ZIP PHOTO. Started by test_install.py."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import bpy

# isort: split
import addon_utils  # bpy makes it importable

MODULE = "bl_ext.user_default.ldr_to_hdri"
archive, photo = sys.argv[1:]
installed = Path(bpy.utils.user_resource("EXTENSIONS")) / "user_default" / "ldr_to_hdri"


def registered() -> list[str]:
    return [name for name in dir(bpy.types) if "ldr_to_hdri" in name]


def living_children() -> list[str]:
    """The processes that this one started, on Linux."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


assert not registered()
bpy.ops.extensions.package_install_files(repo="user_default", filepath=archive, enable_on_install=True)
assert (installed / "blender_manifest.toml").is_file()
assert addon_utils.check(MODULE)[1], "enabled"
assert MODULE in bpy.context.preferences.addons

before = bpy.context.scene.world.name
assert bpy.ops.ldr_to_hdri.convert(filepath=photo) == {"FINISHED"}
assert Path(photo).with_name("photo_hdri.exr").read_bytes()[:4] == b"\x76\x2f\x31\x01"
assert bpy.context.scene.world.name != before
assert before in bpy.data.worlds
assert len(living_children()) == 1, "the worker stays warm"

bpy.ops.preferences.addon_disable(module=MODULE)
assert not registered()
assert not living_children()
assert MODULE not in bpy.context.preferences.addons
bpy.ops.preferences.addon_enable(module=MODULE)
assert registered()

bpy.ops.extensions.package_uninstall(repo_index=1, pkg_id="ldr_to_hdri")
assert not installed.exists()
assert not registered()
assert not addon_utils.check(MODULE)[1], "no longer enabled"
print(f"all done in {bpy.app.version_string.removesuffix(' LTS')}", flush=True)
