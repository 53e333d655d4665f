"""What can go wrong for a user: one line with a next step, nothing half-written, and the next conversion works."""

from __future__ import annotations

import importlib.util
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hdr_core
from hdr_core import ConvertSettings, HdrError
from hdr_core.client import WorkerClient
from hdr_core.errors import OutputError, PhotoError
from hdr_core.network.weights import WEIGHTS

FLAT = ConvertSettings(projection="flat")


def _fails(client: WorkerClient, source: Path, output: Path) -> HdrError:
    """The error of a conversion that must fail, and leave the worker and the output's folder as they were."""
    pid = client.pid
    before = sorted(output.parent.iterdir())
    with pytest.raises(Exception) as caught:  # noqa: PT011  (its class may be of a copied package)
        client.convert(source, output, FLAT).wait()
    error = caught.value
    assert "\n" not in str(error)
    assert error.next_step.endswith(".")
    assert sorted(output.parent.iterdir()) == before
    assert client.pid == pid
    return error


def _works(client: WorkerClient, source: Path, output: Path) -> None:
    assert client.convert(source, output, FLAT).wait().width == 48
    assert output.stat().st_size > 0


@pytest.fixture(scope="module")
def bad_photos(tmp_path_factory: pytest.TempPathFactory, picture: Path) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bad")
    contents = {
        "empty": b"",
        "truncated": picture.read_bytes()[: picture.stat().st_size // 2],
        "text": b"no picture at all",
    }
    for name, content in contents.items():
        (folder / f"{name}.jpg").write_bytes(content)
    return {name: folder / f"{name}.jpg" for name in [*contents, "missing"]} | {"folder": folder}


@pytest.mark.parametrize("kind", ["missing", "empty", "truncated", "text", "folder"])
def test_a_bad_photo(client: WorkerClient, bad_photos: dict[str, Path], kind: str, tmp_path: Path) -> None:
    client.hello().wait()
    error = _fails(client, bad_photos[kind], tmp_path / "out.exr")
    assert isinstance(error, PhotoError)
    assert bad_photos[kind].name in str(error)


@pytest.mark.parametrize("kind", ["missing", "empty", "truncated", "text"])
def test_the_command_line_says_it_in_one_line(bad_photos: dict[str, Path], kind: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hdr_core.cli", "convert", str(bad_photos[kind]), "-o", str(tmp_path / "out.exr")]
    done = subprocess.run(command, cwd=Path(hdr_core.__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("ldr-to-hdri: ")
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="uses prlimit")
def test_a_disk_that_takes_no_more(client: WorkerClient, picture: Path, tmp_path: Path) -> None:
    _works(client, picture, tmp_path / "before.exr")  # all is imported, and its bytecode kept, before the disk is full
    pid = client.pid
    assert pid is not None
    unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1000, unlimited[1]))
    try:
        error = _fails(client, picture, tmp_path / "out.exr")
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    assert isinstance(error, OutputError)
    _works(client, picture, tmp_path / "out.exr")


@pytest.fixture
def copied_client(tmp_path: Path) -> Iterator[WorkerClient]:
    """The client of a copy of the package under another name, as in Blender; its worker runs the copy, too."""
    copy = tmp_path / "extension" / "hdr_core"
    shutil.copytree(Path(hdr_core.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    spec = importlib.util.spec_from_file_location("copied", copy / "__init__.py", submodule_search_locations=[str(copy)])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["copied"] = module
    spec.loader.exec_module(module)
    client = importlib.import_module("copied.client").WorkerClient(Path(sys.executable))
    yield client
    client.close()
    for name in [name for name in sys.modules if name == "copied" or name.startswith("copied.")]:
        del sys.modules[name]


def test_damaged_weights(copied_client: WorkerClient, picture: Path, tmp_path: Path) -> None:
    weights = tmp_path / "extension" / "hdr_core" / "network" / WEIGHTS.name
    whole = weights.read_bytes()
    flipped = bytearray(whole)
    flipped[len(flipped) // 2] ^= 1
    (tmp_path / "results").mkdir()
    output = tmp_path / "results" / "out.exr"
    copied_client.hello().wait()
    for damaged in (whole[:-1000], whole + b"more", bytes(flipped), b"", None):
        if damaged is None:
            weights.unlink()
        else:
            weights.write_bytes(damaged)
        error = _fails(copied_client, picture, output)
        assert type(error).__name__ == "WeightsError"
        assert weights.name in str(error)
    weights.write_bytes(whole)
    _works(copied_client, picture, output)
