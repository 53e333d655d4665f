"""The zip that users get: installed into a clean Blender, enabled, used, disabled and removed, in every Blender supported.

Run with the runtime's Python (.venv): it goes over the Blenders of .venv-bpy-*, one fresh process each.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SESSION = Path(__file__).with_name("session.py")
BLENDERS = ("4.2.23", "4.5.15", "5.0.1")
INSIDE = {"blender_manifest.toml", "__init__.py", "operators", "ui", "hdr_core", "LICENSE", "README.md", "CHANGELOG.md"}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip, built and validated by Blender's own tool, of every Blender here."""
    command = [sys.executable, ROOT / "scripts" / "package.py", "--output", tmp_path_factory.mktemp("package")]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def test_the_zip_holds_what_runs_and_nothing_else(archive: Path):
    names = zipfile.ZipFile(archive).namelist()
    assert {name.split("/")[0] for name in names} == INSIDE
    assert "hdr_core/network/weights.json" in names
    assert any(name.endswith(".safetensors") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pt", ".pth", ".pkl"))]
    assert sorted(name for name in names if name.startswith("operators/")) == sorted(
        f"operators/{path.name}" for path in (ROOT / "operators").glob("*.py")
    )


@pytest.mark.parametrize("blender", BLENDERS)
def test_a_user_installs_converts_and_removes_it(blender: str, archive: Path, tmp_path: Path):
    from PIL import Image

    Image.radial_gradient("L").resize((64, 32)).convert("RGB").save(tmp_path / "photo.jpg")
    python = ROOT / f".venv-bpy-{blender}" / "bin" / "python"
    environment = {
        **os.environ,
        "BLENDER_USER_RESOURCES": str(tmp_path / "user"),
        "LDR_TO_HDRI_PYTHON": sys.executable,
    }
    (tmp_path / "user").mkdir()
    session = subprocess.run(
        [python, SESSION, archive, tmp_path / "photo.jpg"],
        check=False,
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert session.returncode == 0, session.stdout + session.stderr
    assert session.stdout.splitlines()[-1] == f"all done in {blender}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.jpg", "photo_hdri.exr", "user"]
    left = [path for path in (tmp_path / "user").rglob("*") if "ldr_to_hdri" in path.name]
    assert left == []
