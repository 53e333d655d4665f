"""Whoever converts the photos of a library: processes of this machine (`pool.py`), or a cluster (`ray_pool.py`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ..client import Job, WorkerClient
from ..errors import HdrError
from .gpu import Gpu
from .work import Product, Work

DEPTH = 2
"""Photos that a worker has been given at a time: it need not wait for the next one, and no more than these wait for it."""

ATTEMPTS = 2
"""Of a photo in whose middle the worker died."""


@dataclass(eq=False)
class Task:
    """A photo's work on its way; `key` is the caller's. worker: who has it; lost: processes whose machine was lost in it."""

    key: str
    work: Work
    worker: str = ""
    attempts: int = 0
    lost: list[int] = field(default_factory=list)
    job: Job[Product] | Any = None


@dataclass(frozen=True)
class Under:
    """A photo under way: how far, in [0, 1], and in which worker."""

    key: str
    fraction: float
    stage: str
    worker: str


@dataclass(frozen=True)
class WorkerNews:
    """What happened to a worker elsewhere. "awaited": there is none yet; "differs": its packages are of other versions than the
    others'; "retired": it fails all the time, and gets no more photos.
    """

    worker: str
    what: Literal["awaited", "joined", "lost", "retired", "differs"]
    why: str


class Workers(Protocol):
    """None of these blocks for long."""

    @property
    def ready(self) -> bool:
        """Whether a photo can be given to a worker now. Starts them. Raises the HdrError of workers that cannot run."""

    @property
    def busy(self) -> bool:
        """Whether a photo is under way."""

    @property
    def size(self) -> int:
        """How many workers there are."""

    def submit(self, task: Task) -> int:
        """Give a photo to a worker; returns its process id. Only while `ready`."""

    def poll(self) -> list[tuple[Task, Product | HdrError]]:
        """What has come of the photos since last asked."""

    def under_way(self) -> tuple[Under, ...]:
        """What the workers do."""

    def gpus(self) -> tuple[Gpu, ...]:
        """How busy their GPUs are."""

    def news(self) -> list[WorkerNews]:
        """What happened to workers since last asked."""

    def client(self) -> WorkerClient:
        """A worker of this machine that has nothing to do, for other work; started if there is none."""

    def close(self) -> None:
        """End them at once; what they were writing goes."""
