"""What runs on the machines of a Ray cluster: an actor that holds a worker process, and with it the model."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import ray

from ..client import WorkerClient
from ..errors import HdrError
from ..worker_process import find_python
from .fingerprint import fingerprint
from .gpu import GpuUse
from .pool import cores
from .remote import storage_variables
from .work import Product, Work


class Converter:
    """An actor's methods are called one after the other, but for `state`, which is answered beside them."""

    def __init__(self, threads: str) -> None:
        """threads: of a conversion, "" for this actor's share of the machine."""
        threads = threads or str(_share())
        self._client = WorkerClient(find_python(), variables={**storage_variables(), "OMP_NUM_THREADS": threads})
        self._gpu = GpuUse()
        self._fraction, self._stage = 0.0, ""

    def hello(self) -> dict[str, Any]:
        """Load the model, and say who this is: host, fingerprint of the software, versions of the packages, or the error."""
        try:
            versions: Mapping[str, str] = self._client.warm_up().wait()
        except HdrError as error:
            return _plain(error)
        return {
            "host": socket.gethostname(),
            "pid": self._client.pid or 0,
            "software": fingerprint(),
            "versions": dict(versions),
        }

    def produce(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        """Do a `Work`, which may lie in shared folders or remote stores; the pictures for the records travel in the answer."""
        work = Work.from_plain(plain)
        self._fraction, self._stage = 0.0, ""
        with tempfile.TemporaryDirectory(prefix="ldr_to_hdri_pictures_") as folder:
            here = replace(
                work,
                thumbnail=_within(folder, work.thumbnail),
                preview=_within(folder, work.preview),
            )
            request = {"op": "produce", "work": asdict(here)}
            try:
                product = self._client.ask(request, Product.from_plain, here.written).wait(self._tell)
            except HdrError as error:
                return {**_plain(error), "died": not self._client.running}
            made = {"thumbnail": here.thumbnail, "preview": here.preview}
            pictures = {name: Path(path).read_bytes() for name, path in made.items() if path and Path(path).exists()}
        return {"product": product.plain(), "pictures": pictures, "pid": self._client.pid or 0}

    @ray.method(concurrency_group="beside")
    def state(self) -> dict[str, Any]:
        """How far the photo is, and how busy this actor's GPU."""
        return {"fraction": self._fraction, "stage": self._stage, "gpus": [asdict(gpu) for gpu in self._gpu.now()]}

    def _tell(self, fraction: float, stage: str) -> None:
        self._fraction, self._stage = fraction, stage


def _within(folder: str, path: str) -> str:
    return str(Path(folder) / Path(path).name) if path else ""


def _plain(error: HdrError) -> dict[str, Any]:
    return {"error": type(error).__name__, "problem": error.problem, "next_step": error.next_step}


def _share() -> int:
    """Threads: the cores that Ray gave to this actor, or its GPU's part of the machine's; two at least, as `pool.py` says."""
    here = ray.get_runtime_context()
    if not here.get_accelerator_ids().get("GPU"):
        return max(2, int(here.get_assigned_resources().get("CPU", 2)))
    node = next(node for node in ray.nodes() if node["NodeID"] == here.get_node_id())
    actors = node["Resources"].get("GPU", 1) / here.get_assigned_resources().get("GPU", 1)  # if all GPUs are taken
    return max(2, int(cores() / max(1, actors)))


ACTOR: Any = ray.remote(concurrency_groups={"beside": 1})(Converter)  # type: ignore[call-overload]  # Ray's stubs lack it
