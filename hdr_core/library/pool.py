"""Worker processes of this machine, and who does what. Nothing here blocks."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..client import Job, WorkerClient
from ..errors import HdrError, WorkerError
from ..settings import Device
from .gpu import Gpu, GpuUse
from .together import AT_ONCE, at_once
from .work import Product
from .workers import ATTEMPTS, Task, Under, WorkerNews

MakeWorker = Callable[[Mapping[str, str]], WorkerClient]
"""Makes a worker's client, with these variables in its environment."""


@dataclass(eq=False)
class _Worker:
    client: WorkerClient
    label: str
    tasks: deque[Task] = field(default_factory=deque)


class Pool:
    """`Workers` on this machine. count: how many; None: one for each GPU, or one where there is none.

    variables: what their environment needs besides, as for remote stores.
    """

    def __init__(self, make: MakeWorker, count: int | None, device: Device, variables: Mapping[str, str] | None = None) -> None:
        self._make: MakeWorker = lambda more: make({**(variables or {}), **more})
        self._count = count
        self._device = device
        self._depth = 1  # photos that a worker has been given: one more than it has under way, so that it need not wait
        self._gpu = GpuUse()
        self._workers: list[_Worker] = []
        self._waiting: deque[Task] = deque()  # to be done again
        self._asked: Job[dict[str, Any]] | None = None

    @property
    def ready(self) -> bool:
        """Starts the first; it tells how many others there should be."""
        if not self._workers:
            if self._asked is None:
                self._first = _Worker(self._make(first_share(self._count)), "1")
                self._asked = self._first.client.ask({"op": "devices"}, dict)
            if self._asked.poll():
                self._start_others(self._asked.result())
        return any(self._has_room(worker) for worker in self._workers) and not self._waiting

    @property
    def busy(self) -> bool:
        return bool(self._waiting) or any(worker.tasks for worker in self._workers)

    @property
    def size(self) -> int:
        return len(self._workers)

    def submit(self, task: Task) -> int:
        """To the worker that has least to do."""
        worker = min((worker for worker in self._workers if self._has_room(worker, task)), key=lambda worker: len(worker.tasks))
        outputs = task.work.written
        task.worker = worker.label
        task.job = worker.client.ask({"op": "produce", "work": asdict(task.work)}, Product.from_plain, outputs)
        worker.tasks.append(task)
        return worker.client.pid or 0

    def poll(self) -> list[tuple[Task, Product | HdrError]]:
        """A photo whose worker died is tried once more."""
        ended: list[tuple[Task, Product | HdrError]] = []
        for worker in self._workers:
            while done := [task for task in worker.tasks if task.job is not None and task.job.poll()]:
                for task in done:
                    worker.tasks.remove(task)
                    try:
                        ended.append((task, task.job.result()))  # type: ignore[union-attr]
                    except WorkerError as error:
                        begun = task.job is not None and task.job.stage
                        task.attempts += 1 if begun or not worker.tasks else 0  # the others only waited
                        if task.attempts < ATTEMPTS and not worker.client.running:
                            self._waiting.append(task)
                        else:
                            ended.append((task, error))
                    except HdrError as error:
                        ended.append((task, error))
        while self._waiting and any(self._has_room(worker, self._waiting[0]) for worker in self._workers):
            self.submit(self._waiting.popleft())
        return ended

    def _has_room(self, worker: _Worker, task: Task | None = None) -> bool:
        """Whether a worker may get another photo, or this one. What one died of may be any of several: each is tried alone."""
        if task is not None and task.attempts:
            return not worker.tasks
        return len(worker.tasks) < self._depth and not any(task.attempts for task in worker.tasks)

    def under_way(self) -> tuple[Under, ...]:
        return tuple(
            Under(task.key, task.job.fraction, task.job.stage or "starting", worker.label)
            for worker in self._workers
            for task in worker.tasks
            if task.job and (task.job.stage or task is worker.tasks[0])
        )

    def gpus(self) -> tuple[Gpu, ...]:
        return self._gpu.now() if self._device in ("auto", "cuda") else ()

    def news(self) -> list[WorkerNews]:
        """None: they all are here."""
        return []

    def client(self) -> WorkerClient:
        return self._workers[0].client if self._workers else self._make({})

    def close(self) -> None:
        clients = [worker.client for worker in self._workers]
        if self._asked is not None and not clients:
            clients = [self._first.client]
        for client in clients:
            client.close()
        self._workers, self._asked = [], None
        self._waiting.clear()

    def _start_others(self, found: Mapping[str, Any]) -> None:
        gpus = int(found["gpus"]) if self._device in ("auto", "cuda") else 0
        shares = placements(gpus, self._count)
        self._depth = at_once(cores() // len(shares)) + 1
        if gpus > 1 and len(shares) > 1:  # the first saw all GPUs, and took all cores
            self._first.client.close()
            self._first = _Worker(self._make(shares[0]), "1")
        others = (_Worker(self._make(share), str(number)) for number, share in enumerate(shares[1:], 2))
        self._workers = [self._first, *others]


def placements(gpus: int, count: int | None) -> list[dict[str, str]]:
    """For each worker the variables that give it its share of the machine: one of the GPUs, some of the cores.

    count: how many workers; None: one for each GPU, or one where there is none. Several on a GPU take turns.
    """
    workers = count or max(1, gpus)
    visible = _visible_gpus(gpus)
    on = ({"CUDA_VISIBLE_DEVICES": visible[number % gpus]} if gpus > 1 else {} for number in range(workers))
    return [{**_threads(workers), **gpu} for gpu in on]


def first_share(count: int | None = None) -> dict[str, str]:
    """The variables of the first worker, which is started before anybody knows how many GPUs there are. count: as above."""
    return _threads(count or 1)


def _visible_gpus(count: int) -> list[str]:
    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return named if len(named) == count else [str(number) for number in range(count)]


def _threads(count: int) -> dict[str, str]:
    """Workers share the processor. Two threads each at least: one alone adds up in another order, and gives other last bits."""
    share = cores() // count
    shares = {AT_ONCE: str(at_once(share))}
    if count > 1 and cores() > 1 and "OMP_NUM_THREADS" not in os.environ:
        shares["OMP_NUM_THREADS"] = str(max(2, share))
    return shares


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
