"""Worker processes, and who does what. Nothing here blocks."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..client import Job, WorkerClient
from ..errors import HdrError, WorkerError
from ..settings import Device
from .together import AT_ONCE, at_once
from .work import Product, Work

MakeWorker = Callable[[Mapping[str, str]], WorkerClient]
"""Makes a worker's client, with these variables in its environment."""

_ATTEMPTS = 2  # of a photo in whose middle the worker died


@dataclass(eq=False)
class Task:
    """A photo's work on its way; `key` is the caller's."""

    key: str
    work: Work
    attempts: int = 0
    job: Job[Product] | None = None


@dataclass(eq=False)
class _Worker:
    client: WorkerClient
    label: str
    tasks: deque[Task] = field(default_factory=deque)


@dataclass(frozen=True)
class Under:
    """A photo under way: how far, in [0, 1], and in which worker."""

    key: str
    fraction: float
    stage: str
    worker: str


class Pool:
    """count: how many workers; None: one for each GPU, or one where there is none."""

    def __init__(self, make: MakeWorker, count: int | None, device: Device) -> None:
        self._make = make
        self._count = count
        self._device = device
        self._depth = 1  # photos that a worker has been given: one more than it has under way, so that it need not wait
        self._workers: list[_Worker] = []
        self._waiting: deque[Task] = deque()  # to be done again
        self._asked: Job[dict[str, Any]] | None = None

    @property
    def ready(self) -> bool:
        """Whether a photo can be given to a worker now. Starts the first. Raises the HdrError of a worker that cannot run."""
        if not self._workers:
            if self._asked is None:
                first = _Worker(self._make(_threads(self._count or 1)), "1")
                self._first = first
                self._asked = first.client.ask({"op": "devices"}, dict)
            if self._asked.poll():
                self._start_others(self._asked.result())
        return any(self._has_room(worker) for worker in self._workers) and not self._waiting

    @property
    def busy(self) -> bool:
        return bool(self._waiting) or any(worker.tasks for worker in self._workers)

    @property
    def size(self) -> int:
        """How many workers there are."""
        return len(self._workers)

    def submit(self, task: Task) -> int:
        """Give a photo to the worker that has least to do; returns its process id. Only while `ready`."""
        worker = min((worker for worker in self._workers if self._has_room(worker, task)), key=lambda worker: len(worker.tasks))
        outputs = task.work.written
        task.job = worker.client.ask({"op": "produce", "work": _plain(task.work)}, Product.from_plain, outputs)
        worker.tasks.append(task)
        return worker.client.pid or 0

    def poll(self) -> list[tuple[Task, Product | HdrError]]:
        """What has come of the photos since last asked. One whose worker died is tried once more."""
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
                        if task.attempts < _ATTEMPTS and not worker.client.running:
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
        """What the workers do."""
        return tuple(
            Under(task.key, task.job.fraction, task.job.stage or "starting", worker.label)
            for worker in self._workers
            for task in worker.tasks
            if task.job and (task.job.stage or task is worker.tasks[0])
        )

    def client(self) -> WorkerClient:
        """A worker that has nothing to do, for other work; started if there is none."""
        return self._workers[0].client if self._workers else self._make({})

    def close(self) -> None:
        """End the workers at once; what they were writing goes."""
        clients = [worker.client for worker in self._workers]
        if self._asked is not None and not clients:
            clients = [self._first.client]
        for client in clients:
            client.close()
        self._workers, self._asked = [], None
        self._waiting.clear()

    def _start_others(self, found: Mapping[str, Any]) -> None:
        gpus = int(found["gpus"]) if self._device in ("auto", "cuda") else 0
        count = self._count or max(1, gpus)
        self._depth = at_once(_cores() // count) + 1
        visible = _visible_gpus(gpus)
        self._workers = [self._first]
        for number in range(1, count):
            on = {"CUDA_VISIBLE_DEVICES": visible[number % gpus]} if gpus > 1 else {}
            self._workers.append(_Worker(self._make({**_threads(count), **on}), str(number + 1)))


def _plain(work: Work) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(work)


def _visible_gpus(count: int) -> list[str]:
    named = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return named if len(named) == count else [str(number) for number in range(count)]


def _threads(count: int) -> dict[str, str]:
    """Workers share the processor. Two threads each at least: one alone adds up in another order, and gives other last bits."""
    share = _cores() // count
    shares = {AT_ONCE: str(at_once(share))}
    if count > 1 and _cores() > 1 and "OMP_NUM_THREADS" not in os.environ:
        shares["OMP_NUM_THREADS"] = str(max(2, share))
    return shares


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
