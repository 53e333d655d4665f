"""The zip that users get: installed into a clean Blender, enabled, used, disabled and removed, in every Blender supported.

Run with the runtime's Python (.venv): it goes over the Blenders of .venv-bpy-*, one fresh process each.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from built import package

ROOT = Path(__file__).resolve().parents[2]
SESSION = Path(__file__).with_name("session.py")
BLENDERS = ("4.2.23", "4.5.15", "5.0.1")
INSIDE = {
    *("blender_manifest.toml", "__init__.py", "operators", "ui", "hdr_core", "wheels"),
    *("LICENSE", "README.md", "CHANGELOG.md", "THIRD_PARTY.md"),
}


def test_the_same_input_gives_the_same_bytes(archive: Path, tmp_path: Path):
    assert package(tmp_path).read_bytes() == archive.read_bytes()


def test_the_zip_holds_what_runs_and_nothing_else(archive: Path):
    names = zipfile.ZipFile(archive).namelist()
    assert {name.split("/")[0] for name in names} == INSIDE
    files = ("weights.json", "ldr_to_hdri.safetensors", "sphere.json", "sphere.safetensors")
    weights = {f"hdr_core/network/{name}" for name in files}
    assert weights <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pt", ".pth", ".pkl"))]
    assert sorted(name for name in names if name.startswith("operators/")) == sorted(
        f"operators/{path.name}" for path in (ROOT / "operators").glob("*.py")
    )


def made_portable(blender: str, folder: Path) -> None:
    """Put that Blender into `folder`, with the folder beside it in which it then keeps all that users have."""
    (module,) = (ROOT / f".venv-bpy-{blender}").glob("lib/python*/site-packages/bpy")
    shutil.copytree(module, folder / "bpy", copy_function=os.symlink, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "bpy" / "portable").mkdir()


def use(
    blender: str,
    archive: Path,
    folder: Path,
    environment: dict[str, str],
    photo: str = "photo.jpg",
    *,
    portable: bool = False,
) -> None:
    """Let a user of that Blender install the zip, convert a photo and remove the extension, in a folder of odd letters."""
    import pillow_heif
    from PIL import Image

    pillow_heif.register_heif_opener()
    Image.radial_gradient("L").resize((64, 32)).convert("RGB").save(folder / photo)
    user = folder / "us er ü"
    user.mkdir()
    if portable:
        environment = {**environment, "PYTHONPATH": str(user)}
        environment.pop("BLENDER_USER_RESOURCES", None)
        made_portable(blender, user)
    else:
        environment = {**environment, "BLENDER_USER_RESOURCES": str(user)}
    session = subprocess.run(
        [ROOT / f".venv-bpy-{blender}" / "bin" / "python", SESSION, archive, folder / photo],
        check=False,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert session.returncode == 0, session.stdout + session.stderr
    assert session.stdout.splitlines()[-1] == f"all done in {blender}"
    assert sorted(path.name for path in folder.iterdir()) == [photo, "photo_hdri.exr", user.name]
    assert not portable or list((user / "bpy" / "portable" / "extensions").iterdir()), "it was installed there"
    left = [path for path in user.rglob("*") if "ldr_to_hdri" in path.name or path.name == "torch"]
    assert left == []


@pytest.mark.parametrize("blender", BLENDERS)
def test_a_user_installs_converts_and_removes_it(blender: str, archive: Path, tmp_path: Path):
    """The newest is a portable Blender."""
    environment = {**os.environ, "LDR_TO_HDRI_PYTHON": sys.executable}
    use(blender, archive, tmp_path, environment, portable=blender == BLENDERS[-1])


@pytest.mark.skipif(sys.platform != "linux", reason="the full zip for Linux")
@pytest.mark.parametrize("blender", BLENDERS if os.environ.get("LDR_TO_HDRI_ALL_ZIPS") else BLENDERS[-1:])
def test_the_full_zip_needs_nothing_else(blender: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory):
    """Neither another Python nor a download: PyTorch and libheif come from the zip. `make test-zips`: in every Blender."""
    environment = {name: value for name, value in os.environ.items() if name != "LDR_TO_HDRI_PYTHON"}
    full = package(tmp_path_factory.mktemp("full"), "linux-x64-py311-cpu")
    use(blender, full, tmp_path, {**environment, "PYTHONPATH": str(tmp_path)}, "photo.heic")
