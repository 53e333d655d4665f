"""The runtime's installer, against a package index of its own on this machine: small wheels, and everything that goes wrong."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from hdr_core.errors import Cancelled, RuntimeInstallError, RuntimeMissingError
from hdr_core.runtime import REQUIREMENTS
from hdr_core.runtime_install import Installation, installed_runtime, remove_runtime
from hdr_core.runtime_wheels import LOCK, read_lock, this_target

PYTHON = Path(sys.executable)
TARGET = f"linux-x64-py{sys.version_info.major}{sys.version_info.minor}-cpu"


def make_wheel(folder: Path, name: str, *, filling: int = 10) -> Path:
    """A wheel whose module says where it lies."""
    stem = f"{name}-1.0"
    files = {
        f"{name}/__init__.py": b"print(__file__)\n",
        f"{name}/filling": os.urandom(filling),
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{stem}.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"
        for path, data in files.items()
    ]
    files[f"{stem}.dist-info/RECORD"] = "\n".join([*record, f"{stem}.dist-info/RECORD,,"]).encode()
    wheel = folder / name.replace("_", "-") / f"{stem}-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w") as out:
        for path, data in files.items():
            out.writestr(path, data)
    return wheel


class Index(SimpleHTTPRequestHandler):
    """The folder as a package index. `bad`: what it does instead of sending a file of that name."""

    bad: dict[str, str]
    asked: list[str]
    ranges: list[tuple[str, str]]

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        self.asked.append(name)
        how = next((how for part, how in self.bad.items() if part in name), "")
        if how == "half":
            self.send_response(200)
            whole = (Path(self.directory) / self.path[1:]).read_bytes()
            self.send_header("Content-Length", str(len(whole)))
            self.send_header("ETag", '"1"')
            self.end_headers()
            self.wfile.write(whole[: len(whole) // 2])
            self.wfile.flush()
            time.sleep(20)
        elif "Range" in self.headers:
            self.ranges.append((self.headers["Range"], self.headers["If-Range"]))
            self.send_response(206)
            whole = (Path(self.directory) / self.path[1:]).read_bytes()
            begun = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            self.send_header("Content-Range", f"bytes {begun}-{len(whole) - 1}/{len(whole)}")
            self.send_header("Content-Length", str(len(whole) - begun))
            self.end_headers()
            self.wfile.write(whole[begun:])
        elif how == "forbidden":
            self.send_error(407, "Proxy Authentication Required")
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A package index on loopback with one small wheel for each package, and the lock that pins them."""
    root = tmp_path / "index"
    wheels = [
        make_wheel(root, name.lower(), filling=60_000 if name == "torch" else 10)
        for name in REQUIREMENTS
        if name not in {"numpy", "pyvips"}
    ]
    packed = make_wheel(tmp_path / "extension", "pyvips")
    entries = {
        wheel.name: {
            "name": wheel.parent.name,
            "version": "1.0",
            "size": wheel.stat().st_size,
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        }
        for wheel in [*wheels, packed]
    }
    lock = tmp_path / "lock.json"
    lock.write_text(json.dumps({"wheels": entries, "targets": {TARGET: sorted(entries)}}))
    handler = type("Handler", (Index,), {"bad": {}, "asked": [], "ranges": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(root)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("PIP_RETRIES", "0")
    yield SimpleNamespace(
        root=root,
        wheels=wheels,
        lock=lock,
        packed=packed.parent,
        bad=handler.bad,
        asked=handler.asked,
        ranges=handler.ranges,
        server=server,
    )
    server.shutdown()
    server.server_close()


def install(index: SimpleNamespace, folder: Path, python: Path = PYTHON) -> Installation:
    return Installation(python, folder, target=TARGET, lock=index.lock, packed=index.packed)


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    """A Python without pip, as in Blender; `openexr` is spelt as its module, which a case-sensitive disk needs."""
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    return tmp_path / "bare" / "bin" / "python"


@pytest.fixture(autouse=True)
def only_these_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """numpy is Blender's; the small wheels stand for the others under the names that the index gives them."""
    packages = {name.lower(): name.lower() for name in REQUIREMENTS if name != "numpy"}
    monkeypatch.setattr(
        "hdr_core.worker_process._BOOT",
        "import sys; sys.path[:0] = sys.argv[1:]; import hdr_core.runtime as r; r.REQUIREMENTS.clear(); "
        f"r.REQUIREMENTS.update({packages!r}); from hdr_core.worker import main; main()",
    )


def test_it_installs_without_pip_and_touches_no_python(index: SimpleNamespace, bare_python: Path, tmp_path: Path) -> None:
    before = sorted(path for path in bare_python.parents[1].rglob("*") if "__pycache__" not in path.parts)
    folder = tmp_path / "us er ü" / "runtime"
    told: list[tuple[float, str]] = []
    made = install(index, folder, bare_python).wait(lambda *news: told.append(news))
    assert made == installed_runtime(folder) == folder / TARGET
    assert {path.name for path in made.iterdir()} >= {"torch", "safetensors", "openexr", "pyvips", "runtime.json"}
    assert [path.name for path in folder.iterdir()] == [TARGET]
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert sorted(path for path in bare_python.parents[1].rglob("*") if "__pycache__" not in path.parts) == before
    assert remove_runtime(folder) > 0
    assert not folder.exists()
    assert remove_runtime(folder) == 0


def test_stopping_keeps_what_has_arrived(index: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hdr_core.wheel_downloads._LARGE", 40_000)  # torch
    index.bad["torch-"] = "half"
    folder = tmp_path / "runtime"
    installation = install(index, folder)
    until = time.monotonic() + 60
    partial = folder / f"{TARGET}.part" / "wheels" / "torch-1.0-py3-none-any.whl.partial"
    while not partial.exists() or partial.stat().st_size == 0:
        assert not installation.poll()
        assert time.monotonic() < until
        time.sleep(0.02)
    with pytest.raises(RuntimeInstallError, match="Another Blender"):
        install(index, folder)
    began = time.monotonic()
    installation.cancel()
    assert time.monotonic() - began < 1
    with pytest.raises(Cancelled, match="not downloaded again"):
        installation.result()
    assert installed_runtime(folder) is None
    complete = {path.name for path in (folder / f"{TARGET}.part" / "wheels").iterdir()}
    assert {"pyvips-1.0-py3-none-any.whl", "safetensors-1.0-py3-none-any.whl"} <= complete
    index.bad.clear()
    index.asked.clear()
    half = partial.stat().st_size
    assert half > 100
    install(index, folder).wait()
    assert not complete & set(index.asked)
    assert index.ranges == [(f"bytes={half}-", '"1"')]


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("changed", "not the one that it should be.*thrown away"),
        ("offline", "cannot be reached.*Check the connection"),
        ("proxy", r"proxy.*HTTPS_PROXY|cannot be reached"),
        ("gone", "does not have this package.*full zip"),
        ("broken", "is not working"),
    ],
)
def test_trouble_says_what_to_do_and_leaves_the_runtime_before(
    trouble: str, message: str, index: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "runtime"
    older = folder / TARGET
    older.mkdir(parents=True)
    (older / "runtime.json").write_text("{}")
    if trouble == "changed":
        index.wheels[0].write_bytes(index.wheels[0].read_bytes() + b" ")
    elif trouble == "offline":
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    elif trouble == "proxy":
        monkeypatch.setenv("PIP_INDEX_URL", "https://index.invalid/")
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{index.server.server_port}")
    elif trouble == "gone":
        shutil.rmtree(index.wheels[0].parent)
    else:
        monkeypatch.setattr("hdr_core.worker_process._BOOT", "import sys; sys.exit('is not working')")
    with pytest.raises(Exception, match=message):
        install(index, folder).wait()
    assert installed_runtime(folder) == older
    assert not (folder / f"{TARGET}.part" / "packages").exists()


def test_no_room_and_no_right_to_write(index: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=100))
    with pytest.raises(RuntimeInstallError, match=r"needs .* GB, and 0.0 GB are free"):
        install(index, tmp_path / "runtime")
    (tmp_path / "file").write_text("")
    with pytest.raises(RuntimeInstallError, match="cannot be written"):
        install(index, tmp_path / "file" / "runtime")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounts a small disk")
def test_a_disk_that_fills_up(index: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", disk], check=False, capture_output=True).returncode:
        pytest.skip("cannot mount a small disk")
    try:
        monkeypatch.setattr("hdr_core.runtime_install._UNPACKED", 0)
        with pytest.raises(RuntimeInstallError, match=f"disk is full|{os.strerror(errno.ENOSPC)}"):
            install(index, disk / "runtime").wait()
        assert installed_runtime(disk / "runtime") is None
    finally:
        subprocess.run(["umount", disk], check=True)


def test_every_target_has_what_the_worker_needs_and_no_numpy() -> None:
    targets = read_lock(LOCK)
    needed = {"torch", "safetensors", "pyvips", "pyvips-binary", "openexr", "pillow", "pi-heif", "cffi", "typing-extensions"}
    for system in ("windows-x64", "linux-x64", "macos-arm64"):
        for python in ("py311", "py313"):
            assert any(name.startswith(f"{system}-{python}-") for name in targets)
    for wheels in targets.values():
        assert needed <= {wheel.name for wheel in wheels}
        assert "numpy" not in {wheel.name for wheel in wheels}
        assert all(len(wheel.sha256) == 64 and wheel.size > 0 for wheel in wheels)


def test_the_right_one_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr("platform.machine", lambda: "AMD64")
    monkeypatch.setattr("hdr_core.runtime_wheels.has_nvidia_driver", lambda: True)
    assert this_target(python=(3, 13)) == "windows-x64-py313-cpu"
    with pytest.raises(RuntimeMissingError, match=r'no ready-made cuda.*Choose "cpu"'):
        this_target("cuda", (3, 13))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert this_target(python=(3, 11)) == "linux-x64-py311-cuda"
    monkeypatch.setattr("hdr_core.runtime_wheels.has_nvidia_driver", lambda: False)
    assert this_target(python=(3, 11)) == "linux-x64-py311-cpu"
    with pytest.raises(RuntimeMissingError, match=r"Python 3\.9\..*docs/install\.md"):
        this_target(python=(3, 9))
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(RuntimeMissingError, match="riscv64"):
        this_target()
