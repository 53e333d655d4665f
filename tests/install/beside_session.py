"""A user who has another extension: python beside_session.py ZIP OTHER PHOTO PACKAGES. Started by test_beside_others.py.

PACKAGES: a folder with the runtime's packages, which stand for what the button would install.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import bpy

# isort: split
import addon_utils

archive, other, photo, packages = sys.argv[1:]
os.environ["PYTHONHOME"] = os.environ["PYTHONPATH"] = str(Path(photo).parent)
extensions = Path(bpy.utils.user_resource("EXTENSIONS"))
shared = extensions / ".local" / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"

for each in (other, archive):
    bpy.ops.extensions.package_install_files(repo="user_default", filepath=each, enable_on_install=True)
assert (shared / "torch" / "__init__.py").is_file(), "the other one's"
assert (shared / "numpy" / "__init__.py").is_file()
theirs = (shared / "torch" / "__init__.py").read_text()

said = ""
try:
    bpy.ops.ldr_to_hdri.convert(filepath=photo)
except RuntimeError as error:
    said = str(error)
assert "In Blender press Install Runtime" in said, said

runtime = Path(bpy.utils.extension_path_user("bl_ext.user_default.ldr_to_hdri", path="runtime", create=True))
target = runtime / f"linux-x64-py3{sys.version_info[1]}-cpu"
target.mkdir(parents=True)
for package in Path(packages).iterdir():
    if not package.name.startswith("numpy"):
        (target / package.name).symlink_to(package)
(target / "runtime.json").write_text("{}")

bpy.ops.preferences.addon_disable(module="bl_ext.user_default.ldr_to_hdri")
bpy.ops.preferences.addon_enable(module="bl_ext.user_default.ldr_to_hdri")
assert bpy.ops.ldr_to_hdri.convert(filepath=photo) == {"FINISHED"}
assert Path(photo).with_name("photo_hdri.exr").is_file()

bpy.ops.extensions.package_uninstall(repo_index=1, pkg_id="ldr_to_hdri")
assert (shared / "torch" / "__init__.py").read_text() == theirs, "theirs stays"
assert addon_utils.check("bl_ext.user_default.other_ai")[1]
bpy.ops.extensions.package_uninstall(repo_index=1, pkg_id="other_ai")
print("all done", flush=True)
