"""With another extension's torch and numpy, PYTHONPATH and PYTHONHOME set; after an update and back to an older version."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from other_extension import other_extension

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
FIRST_VERSION = "4ec9d7e"  # the last state of 0.1.0


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    from PIL import Image

    path = tmp_path / "photo.jpg"
    Image.radial_gradient("L").resize((64, 32)).convert("RGB").save(path)
    return path


def run(blender: str, session: str, user: Path, *arguments: Path | str) -> None:
    user.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "LDR_TO_HDRI_PYTHON"}
    ended = subprocess.run(
        [ROOT / f".venv-bpy-{blender}" / "bin" / "python", HERE / session, *arguments],
        check=False,
        env={**environment, "BLENDER_USER_RESOURCES": str(user)},
        cwd=user.parent,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    assert ended.stdout.splitlines()[-1] == "all done"


@pytest.mark.skipif(sys.platform != "linux", reason="the runtime's packages of this platform")
def test_another_extension_brings_another_torch_and_numpy(archive: Path, photo: Path, tmp_path: Path):
    packages = sysconfig.get_path("purelib")
    run("4.2.23", "beside_session.py", tmp_path / "user", archive, other_extension(tmp_path), photo, packages)


def test_an_update_and_the_way_back(archive: Path, photo: Path, tmp_path: Path):
    history = subprocess.run(["git", "archive", FIRST_VERSION], cwd=ROOT, check=False, capture_output=True)
    if history.returncode:
        pytest.skip("the history is not here")
    source = tmp_path / "old"
    source.mkdir()
    subprocess.run(["tar", "-x", "-C", source], input=history.stdout, check=True)
    old = tmp_path / "old.zip"
    with zipfile.ZipFile(old, "w") as out:
        for part in ("__init__.py", "blender_manifest.toml", "operators", "ui", "hdr_core"):
            for path in [source / part, *(source / part).rglob("*")]:
                if path.is_file():
                    out.write(path, path.relative_to(source))
    run("4.5.15", "upgrade_session.py", tmp_path / "user", old, archive, photo, sys.executable)
