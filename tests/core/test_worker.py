"""The worker process and its client: warm, cancellable at once, and gone when its parent is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hdr_core
from hdr_core import Conversion, ConvertSettings
from hdr_core.atomic import temporary_path
from hdr_core.client import Job, WorkerClient
from hdr_core.errors import Cancelled, PhotoError, RuntimeMissingError, WorkerError
from hdr_core.exr import read_exr
from hdr_core.worker_process import find_python

ROOT = Path(hdr_core.__file__).parents[1]
PYTHON = Path(sys.executable)
FLAT = ConvertSettings(projection="flat")
posix_only = pytest.mark.skipif(os.name != "posix", reason="uses POSIX signals")


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def own_client() -> Iterator[WorkerClient]:
    """A worker that the test may harm."""
    client = WorkerClient(PYTHON)
    yield client
    client.close()


def start(client: WorkerClient, source: Path, output: Path) -> Job[Conversion]:
    """A conversion that has reached the network, with a half-written file beside its output."""
    job = client.convert(source, output, ConvertSettings())
    wait_until(lambda: job.poll() or job.fraction > 0.1)
    assert not job.poll()
    temporary_path(output, client.pid or 0).write_bytes(b"half of a file")
    return job


def test_it_stays_warm_and_takes_requests_in_turn(client: WorkerClient, panorama: Path, picture: Path, tmp_path: Path) -> None:
    versions = client.hello().wait()
    pid = client.pid
    first = client.convert(panorama, tmp_path / "first.exr", ConvertSettings())
    second = client.convert(picture, tmp_path / "second.exr", FLAT)
    told: list[float] = []
    assert second.wait(lambda fraction, _: told.append(fraction)).projection == "flat"
    assert first.poll()
    assert first.result().projection == "equirectangular"
    assert told == sorted(told)
    assert len(told) > 2
    assert {"Python", "torch", "numpy", "OpenEXR"} <= versions.keys()
    assert client.pid == pid
    assert {path.name for path in tmp_path.iterdir()} == {"first.exr", "second.exr"}


def test_cancelling_is_immediate(own_client: WorkerClient, large_panorama: Path, picture: Path, tmp_path: Path) -> None:
    job = start(own_client, large_panorama, tmp_path / "out.exr")
    queued = own_client.convert(large_panorama, tmp_path / "next.exr", ConvertSettings())
    pid = own_client.pid or 0
    began = time.monotonic()
    own_client.cancel()
    assert time.monotonic() - began < 1
    assert not alive(pid)
    assert not own_client.running
    for cancelled in (job, queued):
        assert cancelled.poll()
        with pytest.raises(Cancelled):
            cancelled.result()
    assert list(tmp_path.iterdir()) == []
    assert own_client.convert(picture, tmp_path / "out.exr", FLAT).wait().width == 48


def test_cancelling_nothing_keeps_the_worker(client: WorkerClient) -> None:
    client.hello().wait()
    pid = client.pid
    client.cancel()
    assert client.pid == pid is not None


def test_closing_twice_and_going_on(own_client: WorkerClient) -> None:
    own_client.hello().wait()
    pid = own_client.pid or 0
    own_client.close()
    own_client.close()
    assert not own_client.running
    assert not alive(pid)
    assert own_client.hello().wait()["torch"]


@posix_only
def test_a_killed_worker_is_reported_and_replaced(
    own_client: WorkerClient, large_panorama: Path, picture: Path, tmp_path: Path
) -> None:
    job = start(own_client, large_panorama, tmp_path / "out.exr")
    os.kill(own_client.pid or 0, signal.SIGKILL)
    with pytest.raises(WorkerError, match=r"SIGKILL.*Try again"):
        job.wait()
    assert list(tmp_path.iterdir()) == []
    own_client.convert(picture, tmp_path / "out.exr", FLAT).wait()
    assert [path.name for path in tmp_path.iterdir()] == ["out.exr"]


@posix_only
def test_a_worker_killed_while_idle_is_replaced(own_client: WorkerClient) -> None:
    own_client.hello().wait()
    pid = own_client.pid or 0
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not own_client.running)
    assert own_client.hello().wait()["torch"]
    assert own_client.pid != pid


@posix_only
def test_it_ends_with_its_parent(large_panorama: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.exr"
    code = f"""
import time
from pathlib import Path
from hdr_core.client import ConvertSettings, WorkerClient
client = WorkerClient(Path({str(PYTHON)!r}))
job = client.convert(Path({str(large_panorama)!r}), Path({str(output)!r}), ConvertSettings())
while job.fraction < 0.1:
    assert not job.poll()
    time.sleep(0.01)
print(client.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([PYTHON, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        temporary_path(output, worker).write_bytes(b"half of a file")
        parent.kill()
        wait_until(lambda: not alive(worker), seconds=2)
    assert list(tmp_path.iterdir()) == []


def test_it_ends_when_its_parent_forgets_to_close(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from hdr_core.client import WorkerClient
client = WorkerClient(Path({str(PYTHON)!r}))
client.hello().wait()
print(client.pid)
"""
    done = subprocess.run([PYTHON, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    assert not alive(int(done.stdout))
    assert done.stderr == ""


def test_a_chatty_library_does_not_disturb_the_protocol(tmp_path: Path) -> None:
    (tmp_path / "pyvips.py").write_text(
        "import os, sys\n"
        "print('a print'); os.write(1, b'raw bytes'); os.system('echo a child'); assert sys.stdin.read() == ''\n"
        f"sys.path.remove({str(tmp_path)!r}); del sys.modules['pyvips']; import pyvips\n"
    )
    client = WorkerClient(PYTHON, extra_paths=[tmp_path])
    try:
        assert client.hello().wait()["pyvips"]
    finally:
        client.close()


@pytest.mark.parametrize(
    ("torch", "problem"),
    [("raise RuntimeError('broken')", "does not work.*broken"), ("__version__ = '1.13'", "is 1.13, which is too")],
)
def test_what_another_extension_brought(torch: str, problem: str, tmp_path: Path) -> None:
    """Its torch is named as the trouble; its numpy is passed over for Python's own."""
    (tmp_path / "torch.py").write_text(torch)
    (tmp_path / "numpy.py").write_text("raise RuntimeError('the wrong numpy')")
    client = WorkerClient(PYTHON, extra_paths=[tmp_path])
    try:
        with pytest.raises(RuntimeMissingError, match=rf"torch.*{problem}.*Another extension.*Install Runtime"):
            client.hello().wait()
    finally:
        client.close()


def test_the_parents_python_variables_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('a file of the user that happens to be called json.py')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    client = WorkerClient(PYTHON)
    try:
        assert client.hello().wait()["torch"]
    finally:
        client.close()


def test_a_request_that_makes_no_sense_is_answered(picture: Path, tmp_path: Path) -> None:
    good = {"op": "convert", "source": str(picture), "output": str(tmp_path / "out.exr"), "settings": {}, "overwrite": False}
    requests = [
        b"no json",
        b"[]",
        b'{"id": 1}',
        b'{"id": 2, "op": "convert"}',
        json.dumps({**good, "id": 3, "settings": {"colour": "blue"}}).encode(),
        json.dumps({**good, "id": 4, "settings": {"device": "abacus"}}).encode(),
        json.dumps({**good, "id": 5, "source": 5}).encode(),
        b'{"id": 6, "op": "hello"}',
    ]
    answers = []
    command = [PYTHON, "-c", "from hdr_core.worker import main; main()"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        for request in requests:
            worker.stdin.write(request + b"\n")
            worker.stdin.flush()
            answers.append(json.loads(worker.stdout.readline()))
        worker.stdin.close()
        assert worker.wait(timeout=2) == 0
    assert [answer["event"] for answer in answers] == ["error"] * 7 + ["done"]
    assert [answer["id"] for answer in answers] == [None, None, 1, 2, 3, 4, 5, 6]
    assert all(answer["problem"] and answer["next_step"] for answer in answers[:7])


def test_a_python_without_packages_is_told_what_it_lacks(picture: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", symlinks=os.name == "posix")
    python = tmp_path / "bare" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    client = WorkerClient(python)
    try:
        with pytest.raises(RuntimeMissingError, match=r"numpy.*pip install numpy"):
            client.convert(picture, tmp_path / "out.exr", FLAT).wait()
        with pytest.raises(RuntimeMissingError):
            client.hello().wait()
    finally:
        client.close()
    assert not (tmp_path / "out.exr").exists()


@posix_only
@pytest.mark.parametrize("content", ["#!/bin/sh\necho no network here >&2; exit 3\n", "\x7f no program"])
def test_a_program_that_is_no_python(content: str, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text(content)
    program.chmod(0o755)
    with pytest.raises(WorkerError, match=r"could not be started.*Choose another Python") as caught:
        WorkerClient(program).hello().wait()
    assert "exit code 3; it said: no network here" in str(caught.value) or "Exec format error" in str(caught.value)


def test_which_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LDR_TO_HDRI_PYTHON", raising=False)
    assert find_python() == PYTHON
    link = tmp_path / "python"
    link.symlink_to(PYTHON)
    monkeypatch.setenv("LDR_TO_HDRI_PYTHON", str(link))
    assert find_python() == link
    assert find_python(str(PYTHON)) == PYTHON
    monkeypatch.chdir(tmp_path)
    assert find_python("./python") == link
    with pytest.raises(RuntimeMissingError, match="preferences"):
        find_python(str(tmp_path / "missing"))
    monkeypatch.setenv("LDR_TO_HDRI_PYTHON", str(tmp_path))
    with pytest.raises(RuntimeMissingError, match="LDR_TO_HDRI_PYTHON"):
        find_python()


def test_an_error_crosses_the_pipe_whole(client: WorkerClient, tmp_path: Path) -> None:
    source, output = tmp_path / "mißing 'photo'.jpg", tmp_path / "out.exr"
    with pytest.raises(PhotoError) as here:
        hdr_core.convert(source, output)
    with pytest.raises(PhotoError) as there:
        client.convert(source, output, ConvertSettings()).wait()
    assert (there.value.problem, there.value.next_step) == (here.value.problem, here.value.next_step)


def test_odd_names(client: WorkerClient, picture: Path, tmp_path: Path) -> None:
    names = ["with space", "ünï 光 🌞", "new\nline", "-o"]
    if sys.platform == "linux":
        names.append(os.fsdecode(b"not utf-8 \xff"))
    name = "|".join(names)
    source = tmp_path / f"{name}.jpg"
    source.write_bytes(picture.read_bytes())
    client.convert(source, tmp_path / f"{name}.exr", FLAT).wait()
    (tmp_path / f"{name}.exr").rename(tmp_path / "plain.exr")  # the library opens no name that is not UTF-8
    assert read_exr(tmp_path / "plain.exr")[0].shape == (32, 48, 3)


def test_a_worker_can_be_warmed_up(client):
    assert client.warm_up().wait()["device"] in ("cpu", "cuda", "mps")
