"""One worker for each GPU, and how busy they are. There is none here: their number, and what their tool says, is made up."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hdr_core.client import WorkerClient
from hdr_core.library.gpu import Gpu, GpuUse, in_words
from hdr_core.library.pool import Pool, placements


@pytest.mark.parametrize(
    ("gpus", "count", "visible", "expected"),
    [
        (0, None, "", [None]),
        (1, None, "", [None]),
        (3, None, "", ["0", "1", "2"]),
        (2, None, "4, 6", ["4", "6"]),
        (2, 4, "", ["0", "1", "0", "1"]),
        (1, 2, "", [None, None]),
        (2, 1, "GPU-1a,GPU-2b", ["GPU-1a"]),
    ],
)
def test_each_worker_has_its_gpu(gpus: int, count: int | None, visible: str, expected: list, monkeypatch: Any) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [share.get("CUDA_VISIBLE_DEVICES") for share in placements(gpus, count)] == expected


class OnTwoGpus(WorkerClient):
    """A worker, but for how many GPUs it says there are."""

    def ask(self, request: Mapping[str, Any], decode: Any, outputs: Any = ()) -> Any:
        return super().ask(request, (lambda _: {"gpus": 2}) if request["op"] == "devices" else decode, outputs)


def visible_to(pid: int | None) -> bytes:
    """CUDA_VISIBLE_DEVICES of a process; of one that is starting, once it is itself and no more a copy of this one."""
    for _ in range(500):
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        for line in environment:
            if line.startswith(b"CUDA_VISIBLE_DEVICES="):
                return line.partition(b"=")[2]
        time.sleep(0.01)
    return b"none"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_two_gpus_are_two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    pool = Pool(lambda variables: OnTwoGpus(Path(sys.executable), variables=variables), None, "auto")
    try:
        while not pool.ready:
            time.sleep(0.02)
        assert pool.size == 2
        sees = []
        for worker in pool._workers:
            worker.client.ask({"op": "devices"}, dict)  # starts it
            sees.append(visible_to(worker.client.pid))
        assert sees == [b"0", b"1"]
    finally:
        pool.close()


@pytest.mark.skipif(os.name != "posix", reason="a script stands for NVIDIA's tool")
def test_how_busy_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        '#!/bin/sh\ncase "$*" in *--id=1,2) echo "93, 4198, 81559"; echo "[N/A], [N/A], [N/A]";; *) exit 9;; esac\n'
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,2")
    use = GpuUse()
    until = time.monotonic() + 10
    while not use.now() and time.monotonic() < until:
        time.sleep(0.01)
    assert use.now() == (Gpu(93, 4198, 81559), Gpu(None, None, None))
    assert in_words(use.now()) == "2 GPUs 93% 4.1 GiB"
    assert in_words(use.now()[:1]) == "GPU 93% 4.1 GiB"
    assert in_words(use.now()[1:]) == in_words(()) == ""


def test_without_the_tool_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert GpuUse().now() == ()
