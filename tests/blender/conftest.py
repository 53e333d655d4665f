"""The extension, enabled from this checkout in real Blender, and a fresh file for every test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(Path(__file__).parent)]

import checkout  # noqa: E402

_user_folder = tempfile.TemporaryDirectory(prefix="ldr_to_hdri_user_")
checkout.enable_checkout(Path(_user_folder.name))  # before any test module imports bpy

import bpy  # noqa: E402
import numpy as np  # noqa: E402


def pytest_sessionfinish() -> None:
    checkout.disable()
    _user_folder.cleanup()


@pytest.fixture(autouse=True)
def fresh_file() -> None:
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=False)


@pytest.fixture
def preferences() -> Iterator[bpy.types.AddonPreferences]:
    """The extension's; set back afterwards."""
    preferences = bpy.context.preferences.addons[checkout.MODULE].preferences
    yield preferences
    for name in ("python", "device", "budget", "destination", "folder", "compression"):
        preferences.property_unset(name)


@pytest.fixture(scope="session")
def runtime() -> Path:
    """The Python that has torch: the one that the worker runs in."""
    return Path(os.environ["LDR_TO_HDRI_PYTHON"]).absolute()


@pytest.fixture(scope="session")
def in_runtime(runtime: Path) -> Callable[..., str]:
    """Runs a line of Python there, with the checkout importable and sys.argv[1:] as given; returns what it prints."""

    def run(code: str, *arguments: str | Path) -> str:
        command = [runtime, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout

    return run


@pytest.fixture(scope="session")
def write_exr(in_runtime: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes radiance, (H, W, 3), to an EXR by our own writer."""

    def write(name: str, radiance: np.ndarray) -> Path:
        folder = tmp_path_factory.mktemp("exr")
        np.save(folder / "radiance.npy", radiance.astype(np.float32))
        in_runtime(
            "import numpy as np; from pathlib import Path; from hdr_core.exr import write_exr\n"
            "write_exr(Path(sys.argv[2]), np.load(sys.argv[1]), header={})",
            folder / "radiance.npy",
            folder / name,
        )
        return folder / name

    return write


@pytest.fixture(scope="session")
def codes() -> np.ndarray:
    """The pixels of a small panorama, (32, 64, 3) uint8 code values: a sky, a ground, and a lamp that clips."""
    rows, columns = np.mgrid[:32, :64]
    picture = np.stack([columns * 3, 200 - rows * 5, 255 - columns], axis=-1).astype(np.uint8)
    picture[6:12, 30:38] = 255
    return picture


@pytest.fixture(scope="session")
def write_picture(in_runtime: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes code values, (H, W, C) uint8 or uint16, to a picture of the format that its name says."""

    def write(path: Path, codes: np.ndarray) -> Path:
        pixels = tmp_path_factory.mktemp("codes") / "codes.npy"
        np.save(pixels, codes)
        in_runtime(
            "import numpy, pyvips; codes = numpy.load(sys.argv[1])\n"
            "kind = 'rgb16' if codes.dtype == 'uint16' else 'srgb'\n"
            "pyvips.Image.new_from_array(codes).copy(interpretation=kind).write_to_file(sys.argv[2])",
            pixels,
            path,
        )
        return path

    return write


@pytest.fixture
def photo(tmp_path: Path, codes: np.ndarray, write_picture: Callable[..., Path]) -> Path:
    """A photo in a folder of its own."""
    (tmp_path / "photos").mkdir()
    return write_picture(tmp_path / "photos" / "lamp.png", codes)


@pytest.fixture
def contents() -> Callable[[], dict[str, object]]:
    """What is in the .blend: every data-block by its kind, and how the world is wired."""

    def look() -> dict[str, object]:
        kinds = [name for name, kind in bpy.data.bl_rna.properties.items() if kind.type == "COLLECTION"]
        found: dict[str, object] = {
            kind: sorted((block.name, block.users) for block in getattr(bpy.data, kind)) for kind in kinds
        }
        world = bpy.context.scene.world
        found["active world"] = world and (world.name, sorted(world.node_tree.nodes.keys()), len(world.node_tree.links))
        return found

    return look
