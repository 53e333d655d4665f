"""A library on a Ray cluster of three machines, all of them this one, and in an object store."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import hdr_core
from hdr_core.library import Batch, Failed, Finished, LibrarySettings
from hdr_core.library.journal import read_entries

sys.path.append(str(Path(hdr_core.__file__).parents[1] / "scripts"))

import kill_batch

cluster_utils = pytest.importorskip("ray.cluster_utils")

PHOTOS = 10
MEMORY = 80 * 2**20  # bytes for Ray's own store: nothing of ours goes through it


@pytest.fixture(scope="module")
def cluster() -> Iterator[cluster_utils.Cluster]:
    """A head that works, too, and two more machines, with a core each."""
    with pytest.MonkeyPatch.context() as change:
        change.setenv("PYTHONPATH", str(kill_batch.ROOT))  # instead of installing the package
        cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": MEMORY})
        cluster.lost = [cluster.add_node(num_cpus=1, object_store_memory=MEMORY) for _ in range(2)]
        yield cluster
        cluster.shutdown()


def test_a_machine_is_lost_in_the_middle(cluster: cluster_utils.Cluster, tmp_path: Path) -> None:
    source, here = tmp_path / "photos", tmp_path / "here"
    kill_batch.take_photos(source, PHOTOS, random.Random(3))
    (source / "bad.jpg").write_bytes(b"no picture")
    settings = LibrarySettings(sizes=("original", "1k"), sheet=True)
    events, lost = [], False
    with Batch(source, tmp_path / "there", settings, ray=cluster.address) as batch:
        while not batch.poll():
            events += batch.news()
            working = {under.worker for under in batch.snapshot().under_way if under.fraction > 0}
            if not lost and len(working) == 3 and any(isinstance(event, Finished) for event in events):
                cluster.remove_node(cluster.lost[0], allow_graceful=False)
                lost = True
            time.sleep(0.02)
        events += batch.news()
    with Batch(source, here, settings) as batch:
        while not batch.poll():
            time.sleep(0.02)
    assert lost
    assert [event.source for event in events if isinstance(event, Failed)] == ["bad.jpg"]
    journal = list(read_entries(tmp_path / "there.batch"))
    done = [entry["source"] for entry in journal if entry["event"] == "done"]
    assert len(done) == len(set(done)) == PHOTOS
    assert [entry["what"] for entry in journal if entry["event"] == "worker"].count("joined") == 3
    assert [entry["what"] for entry in journal if entry["event"] == "worker"].count("lost") == 1
    assert kill_batch.files(tmp_path / "there") == kill_batch.files(here)
    names = {path.name for path in (tmp_path / "there.batch" / "thumbnails").iterdir()}
    assert names == {path.name for path in (tmp_path / "here.batch" / "thumbnails").iterdir()}
