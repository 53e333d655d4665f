"""All that is asked of Ray itself."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..errors import DeviceError, HdrError, RuntimeMissingError, WorkerError
from ..settings import Device

_CORES = 2  # of an actor without a GPU: with fewer threads the last bits differ
_PATIENCE = 10.0  # seconds for a cluster to answer
_HOW = "Start one with: ray start --head, or see docs/scale.md."


def connect(address: str, device: Device, count: int | None) -> Cluster:
    """Join the cluster at `address`. Raises RuntimeMissingError without Ray, WorkerError where no cluster answers, DeviceError
    where it has no GPU, and `device` says that it must. count: how many actors it will be asked for; more than it has GPUs
    share them, and a cluster without any may grow.
    """
    if __package__ != "hdr_core.library":
        raise RuntimeMissingError("A batch on a Ray cluster starts outside Blender.", "Use the command: ldr-to-hdri batch.")
    try:
        import ray
    except ImportError as error:
        raise RuntimeMissingError(
            f"This Python lacks Ray ({error}).", "Install it with: python -m pip install 'ldr-to-hdri[ray]'"
        ) from error
    began = not ray.is_initialized()
    if began:
        _try(address)
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:
            raise WorkerError(f"There is no Ray cluster to work with at {address}: {error}.", _HOW) from error
    there = int(ray.cluster_resources().get("GPU", 0))
    if device == "cuda" and not there and count is None:
        raise DeviceError(f"The Ray cluster at {address} has no GPU.", "Add one, or choose device auto.")
    wanted = device == "cuda" or (device == "auto" and there > 0)
    return Cluster(ray, gpus=wanted, sharing=max(1, math.ceil((count or 1) / max(1, there))) if there else 1, began=began)


@dataclass(frozen=True)
class Cluster:
    """ray: the module. gpus: whether actors have one, or cores only; sharing: how many have one together. began: whether the
    connection is ours to end.
    """

    ray: Any
    gpus: bool
    sharing: int
    began: bool

    def machines(self) -> frozenset[str]:
        """Those that are up."""
        return frozenset(node["NodeID"] for node in self.ray.nodes() if node["Alive"])

    def room(self) -> int:
        """How many actors the cluster has room for, if it does nothing else."""
        if self.gpus:
            return sum(self._each("GPU"))
        return sum(cores // self._cores() for cores in self._each("CPU"))

    def start(self) -> Any:
        """Start an actor, as soon as there is room; returns its handle."""
        from .ray_actor import ACTOR

        resources = {"num_gpus": 1 / self.sharing, "num_cpus": 1} if self.gpus else {"num_cpus": self._cores()}
        options = {**resources, "max_restarts": 0, "max_task_retries": 0, "scheduling_strategy": "SPREAD"}
        return ACTOR.options(**options).remote(os.environ.get("OMP_NUM_THREADS", ""))

    def done(self, promises: Sequence[Any]) -> set[Any]:
        """Those that are kept or broken."""
        return set(self.ray.wait(list(promises), num_returns=len(promises), timeout=0)[0]) if promises else set()

    def get(self, promise: Any) -> tuple[Any, str]:
        """What a promise that is done gave, and ""; or None, and why its actor is lost."""
        try:
            return self.ray.get(promise), ""
        except self.ray.exceptions.RayError as error:
            return None, str(error).partition("\n")[0]

    def end(self, handle: Any) -> None:
        """End an actor at once; it may be gone already."""
        with contextlib.suppress(self.ray.exceptions.RayError, ValueError):
            self.ray.kill(handle)

    def leave(self, handles: Sequence[Any]) -> None:
        """End all actors, and the connection if it is ours."""
        for handle in handles:
            self.end(handle)
        if self.began:
            self.ray.shutdown()

    def _cores(self) -> int:
        """Of an actor; fewer only where no machine has more."""
        return max(1, min(_CORES, max(self._each("CPU"), default=_CORES)))

    def _each(self, resource: str) -> list[int]:
        """How much of a resource each machine has."""
        return [int(node["Resources"].get(resource, 0)) for node in self.ray.nodes() if node["Alive"]]


def _try(address: str) -> None:
    """Find out quickly whether anybody is there: Ray itself tries for minutes."""
    place = urlsplit(address if "://" in address else f"ray://{address}")
    try:
        port = place.port
    except ValueError:
        port = None
    if place.hostname is None or port is None:
        if address not in ("auto", "local"):
            raise HdrError(f'"{address}" is no address of a Ray cluster.', "Give HOST:PORT, ray://HOST:PORT, or auto.")
        return
    try:
        socket.create_connection((place.hostname, port), timeout=_PATIENCE).close()
    except OSError as error:
        raise WorkerError(f"Nobody answers at {address} ({error}).", _HOW) from error
