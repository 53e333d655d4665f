"""Another extension, made up: its zip bundles a torch and a numpy that nothing works with."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

MANIFEST = """
schema_version = "1.0.0"
id = "other_ai"
version = "1.0.0"
name = "Other AI"
tagline = "Brings packages of its own"
maintainer = "nobody"
type = "add-on"
blender_version_min = "4.2.0"
license = ["SPDX:GPL-3.0-or-later"]
wheels = ["./wheels/torch-99.0-py3-none-any.whl", "./wheels/numpy-99.0-py3-none-any.whl"]
"""


def other_extension(folder: Path) -> Path:
    archive = folder / "other_ai.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("blender_manifest.toml", MANIFEST)
        out.writestr("__init__.py", "def register(): pass\ndef unregister(): pass\n")
        for name in ("torch", "numpy"):
            out.writestr(f"wheels/{name}-99.0-py3-none-any.whl", _wheel(name))
    return archive


def _wheel(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", f'raise RuntimeError("the other extension\'s {name}")\n')
        wheel.writestr(f"{name}-99.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 99.0\n")
        wheel.writestr(f"{name}-99.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{name}-99.0.dist-info/RECORD", "")
    return buffer.getvalue()
