"""A full zip with a PyTorch that the package index does not have, such as its CUDA build for Windows: from the file alone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CUDA = "torch-2.13.0+cu130-cp311-cp311-win_amd64.whl"
PINNED = ("torch-2.13.0-cp311-cp311-win_amd64.whl", "filelock-4.2.12-py3-none-any.whl")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Of what the zips are made, with small wheels pinned for one target."""
    place = tmp_path / "checkout"
    hidden = shutil.ignore_patterns("__pycache__", "*.safetensors", "*.fatbin")  # large, and not looked at here
    for name in ("scripts", "hdr_core", "operators", "ui"):
        shutil.copytree(ROOT / name, place / name, ignore=hidden)
    for name in ("blender_manifest.toml", "__init__.py", "LICENSE", "README.md", "CHANGELOG.md", "THIRD_PARTY.md"):
        shutil.copyfile(ROOT / name, place / name)
    (place / ".venv-bpy-5.0.1").symlink_to(ROOT / ".venv-bpy-5.0.1")
    made = [wheel(place / "build" / "wheels" / name) for name in PINNED]
    wheels = {path.name: {**named(path), "size": path.stat().st_size, "sha256": sha256(path)} for path in made}
    lock = {"wheels": wheels, "targets": {"windows-x64-py311-cpu": sorted(wheels)}}
    (place / "hdr_core" / "runtime_wheels.json").write_text(json.dumps(lock))
    return place


def wheel(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    name, version = named(path).values()
    tag = path.stem.split("-", 2)[2]
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}/__init__.py", f"__version__ = {version!r}\n")
        file.writestr(f"{name}-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(f"{name}-{version}.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        file.writestr(f"{name}-{version}.dist-info/RECORD", "")
    return path


def named(path: Path) -> dict[str, str]:
    return dict(zip(("name", "version"), path.name.split("-"), strict=False))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(checkout: Path, script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, checkout / "scripts" / script, *arguments]
    offline = {**os.environ, "PIP_NO_INDEX": "1"}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=offline)


def test_the_file_is_pinned_and_packed(checkout: Path, tmp_path: Path) -> None:
    cuda, lock = wheel(tmp_path / CUDA), checkout / "hdr_core" / "runtime_wheels.json"
    before = json.loads(lock.read_text())
    added = run(checkout, "lock_wheels.py", "--add", cuda)
    assert added.stdout == "windows-x64-py311-cuda\n", added.stderr
    assert sha256(cuda) in added.stderr
    after = json.loads(lock.read_text())
    assert after["wheels"].pop(CUDA)["sha256"] == sha256(cuda)
    assert after["targets"].pop("windows-x64-py311-cuda") == sorted([CUDA, PINNED[1]])
    assert after == before

    made = run(checkout, "package.py", "windows-x64-py311-cuda")
    assert made.returncode == 0, made.stderr
    with zipfile.ZipFile(made.stdout.strip()) as archive:
        manifest = tomllib.loads(archive.read("blender_manifest.toml").decode())
        assert archive.read(f"wheels/{CUDA}") == cuda.read_bytes()
    assert manifest["platforms"] == ["windows-x64"]
    assert manifest["wheels"] == [f"./wheels/{name}" for name in sorted([CUDA, PINNED[1]])]

    (checkout / "build" / "wheels" / CUDA).write_bytes(cuda.read_bytes() + b"changed")
    refused = run(checkout, "package.py", "windows-x64-py311-cuda")
    assert refused.returncode
    assert "could not be fetched" in refused.stderr


def test_what_fits_nowhere_is_refused(checkout: Path, tmp_path: Path) -> None:
    lock = checkout / "hdr_core" / "runtime_wheels.json"
    before = lock.read_bytes()
    whole = wheel(tmp_path / CUDA).read_bytes()
    for name, content, said in (
        (CUDA, b"<html>", "no whole wheel. Download it again"),
        ("torch.whl", whole, "Keep the name that the file had"),
        (CUDA.replace("cp311", "cp39"), whole, "No target for"),
    ):
        (tmp_path / name).write_bytes(content)
        refused = run(checkout, "lock_wheels.py", "--add", tmp_path / name)
        assert refused.returncode == 1
        assert said in refused.stderr
        assert lock.read_bytes() == before
