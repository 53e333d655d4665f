"""A library on a Ray cluster of three machines, all of them this one, and one in an object store."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hdr_core
from hdr_core.cli import main
from hdr_core.errors import HdrError, WorkerError
from hdr_core.library import Batch, Failed, LibrarySettings, convert_library
from hdr_core.library.journal import read_entries
from hdr_core.library.ray_cluster import connect

sys.path.append(str(Path(hdr_core.__file__).parents[1] / "scripts"))

import kill_batch

PHOTOS = 8
MEMORY = 80 * 2**20  # bytes for Ray's own store: nothing of ours goes through it
SETTINGS = LibrarySettings(sizes=("original", "1k"))


@pytest.fixture(autouse=True)
def beside_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray's workers have niceness 15 otherwise, and its machines half a minute to start."""
    monkeypatch.setenv("RAY_worker_niceness", "0")
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "120")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """photos/, one of them bad, and what one machine makes of them: here/ and here.batch/."""
    folder = tmp_path_factory.mktemp("library")
    kill_batch.take_photos(folder / "photos", PHOTOS, random.Random(3))
    (folder / "photos" / "bad.jpg").write_bytes(b"no picture")
    convert_library(folder / "photos", folder / "here", SETTINGS)
    return folder


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head that works, too, and two more machines, with a core each."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(kill_batch.ROOT))  # instead of installing the package
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": MEMORY})
    cluster.others = [cluster.add_node(num_cpus=1, object_store_memory=MEMORY) for _ in range(2)]
    yield cluster
    cluster.shutdown()


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    """The file system of an S3 server, with a bucket "studio"."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with pytest.MonkeyPatch.context() as change, subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
        change.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            change.setenv(name, "test")
        change.setenv("AWS_DEFAULT_REGION", "us-east-1")
        while not _answers(port):
            assert running.poll() is None
            time.sleep(0.05)
        import s3fs

        files = s3fs.S3FileSystem()
        files.mkdir("studio")
        yield files
        running.terminate()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def stored(bucket: Any, folder: str) -> dict[str, str]:
    """As `kill_batch.files`, of a folder in the store."""
    import hashlib

    found = bucket.find(folder)
    return {path.removeprefix(f"{folder}/"): hashlib.sha256(bucket.cat_file(path)).hexdigest() for path in found}


def test_a_machine_is_lost_in_the_middle(cluster: Any, bucket: Any, library: Path) -> None:
    bucket.put(str(library / "photos"), "studio/", recursive=True)
    events: list[Any] = []
    lost = False
    with Batch("s3://studio/photos", library / "there", SETTINGS, ray=cluster.address) as batch:
        while not batch.poll():
            events += batch.news()
            working = {under.worker for under in batch.snapshot().under_way}
            if not lost and len(working) == 3:
                cluster.remove_node(cluster.others[0], allow_graceful=False)
                lost = True
            time.sleep(0.01)
        events += batch.news()
    assert lost
    assert [event.source for event in events if isinstance(event, Failed)] == ["bad.jpg"]
    journal = list(read_entries(library / "there.batch"))
    done = [entry for entry in journal if entry["event"] == "done"]
    assert len(done) == len({entry["source"] for entry in done}) == PHOTOS
    assert len({entry["worker"] for entry in done}) > 1
    happened = [entry["what"] for entry in journal if entry["event"] == "worker"]
    assert happened.count("joined") == 3
    assert happened.count("lost") == 1
    here, until = kill_batch.files(library / "here"), time.monotonic() + 5
    while (there := kill_batch.files(library / "there")) != here and time.monotonic() < until:
        time.sleep(0.1)  # a worker of the lost machine may live on for a moment, and then removes what it has not finished
    assert there == here
    pictures = [{path.name for path in (library / f"{name}.batch" / "thumbnails").iterdir()} for name in ("here", "there")]
    assert pictures[0] == pictures[1]


def test_an_object_store_holds_the_same(bucket: Any, library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url, few = "s3://studio/hdris", ["--include", "photo_00[03].png", "--include", "bad.jpg"]
    command = ["batch", str(library / "photos"), url, "--sizes", "original,1k", "--records", str(tmp_path), *few]
    bucket.pipe_file("studio/hdris/photo_003.exr", b"somebody else's")
    assert main([*command, "--json-lines"]) == 1
    failed = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if line["event"] == "failed"]
    assert {line["source"]: line["error"] for line in failed} == {"bad.jpg": "PhotoError", "photo_003.png": "OutputError"}
    assert bucket.cat_file("studio/hdris/photo_003.exr") == b"somebody else's"
    bucket.rm_file("studio/hdris/photo_003.exr")
    made, expected = stored(bucket, "studio/hdris"), kill_batch.files(library / "here")
    assert made == {name: checksum for name, checksum in expected.items() if name.startswith("photo_000")}
    assert main([*command, "--dry-run", "--json-lines"]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["source"]: line["convert"] for line in said} == {
        "bad.jpg": True,
        "photo_000.png": False,
        "photo_003.png": True,
    }
    assert url in failed[1]["problem"]


def test_a_store_needs_records_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "s3://studio/photos", "s3://studio/hdris"]) == 1
    assert "--records" in capsys.readouterr().err


@pytest.mark.parametrize(("address", "said"), [("127.0.0.1:1", "Nobody answers"), ("nowhere", "no address")])
def test_no_cluster_is_told_at_once(address: str, said: str) -> None:
    with pytest.raises(HdrError, match=said):
        connect(address, "auto", None)


def test_a_machine_without_the_software_is_told(monkeypatch: pytest.MonkeyPatch, library: Path, tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster

    monkeypatch.chdir("/")
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path and not path.startswith(str(kill_batch.ROOT))])
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": MEMORY})
    try:
        with pytest.raises(WorkerError, match="installed there"):
            convert_library(library / "photos", tmp_path / "out", SETTINGS, ray=cluster.address)
    finally:
        cluster.shutdown()
