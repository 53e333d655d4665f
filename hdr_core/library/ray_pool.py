"""A Ray cluster's machines as workers: one actor for each GPU, or for every two cores where there are none.

The journal, the plan and the reports stay with this process. Photos and results travel by shared folders or remote stores,
never through Ray; with the answers come only small pictures for the report.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .. import errors
from ..atomic import replacing
from ..client import WorkerClient
from ..errors import HdrError, RuntimeMissingError, WeightsError, WorkerError
from ..settings import Device
from .fingerprint import fingerprint
from .gpu import Gpu
from .pool import MakeWorker
from .ray_cluster import Cluster, connect
from .work import Product
from .workers import ATTEMPTS, DEPTH, Task, Under, WorkerNews

_LOSSES = 4  # of machines under a photo, until the photo is suspected
_STRIKES = 3  # photos in a row whose failure is the worker's, until it gets no more
_QUIET = 60.0  # seconds without a worker until that is worth a word
_LOOK = 1.0  # seconds between looks at the cluster, and at what the actors do


@dataclass(eq=False)
class _Actor:
    handle: Any
    label: str
    hello: Any
    joined: bool = False
    pid: int = 0
    strikes: int = 0
    tasks: deque[Task] = field(default_factory=deque)  # the job of each is the promise of its answer
    asked: Any = None
    state: Mapping[str, Any] = field(default_factory=dict)


class RayPool:
    """`Workers` of a cluster. Machines may come and go: a photo whose machine is lost is done by another.

    address: as `ray.init` takes it. count: how many actors, those that find no room yet waiting for it (which is how a cluster
    that grows knows that it should); None: as many as the cluster has room for, which is looked at again and again.
    make: makes clients of workers here, for what is not done on the cluster.
    """

    def __init__(self, address: str, count: int | None, device: Device, make: MakeWorker) -> None:
        self._address = address
        self._count = count
        self._device = device
        self._make = make
        self._cluster: Cluster | None = None
        self._actors: list[_Actor] = []
        self._machines: frozenset[str] = frozenset()
        self._retired = 0  # workers that are not replaced while the machines are the same
        self._started = 0
        self._versions: Mapping[str, str] | None = None
        self._why: HdrError | None = None  # the last worker was retired
        self._waiting: deque[Task] = deque()
        self._news: list[WorkerNews] = []
        self._looked = 0.0
        self._connected = 0.0
        self._told = False  # that nobody comes
        self._software = fingerprint()

    @property
    def ready(self) -> bool:
        if self._cluster is None:
            self._connected = time.monotonic()
            self._cluster = connect(self._address, self._device, self._count)
        self._look()
        return self._free() is not None and not self._waiting

    @property
    def busy(self) -> bool:
        return bool(self._waiting) or any(actor.tasks for actor in self._actors)

    @property
    def size(self) -> int:
        return sum(actor.joined for actor in self._actors)

    def submit(self, task: Task) -> int:
        actor = self._free()
        if actor is None:
            raise RuntimeError("no worker is ready")
        task.worker = actor.label
        task.job = actor.handle.produce.remote(asdict(task.work))
        actor.tasks.append(task)
        return actor.pid

    def poll(self) -> list[tuple[Task, Product | HdrError]]:
        if self._cluster is None:
            return []
        ended: list[tuple[Task, Product | HdrError]] = []
        done = self._cluster.done([task.job for actor in self._actors for task in actor.tasks])
        for actor in list(self._actors):
            while actor in self._actors and actor.tasks and actor.tasks[0].job in done:
                ended += self._answer(actor, actor.tasks.popleft())
        self._look()
        while self._waiting and self._free() is not None:
            self.submit(self._waiting.popleft())
        return ended

    def under_way(self) -> tuple[Under, ...]:
        busy = [(actor, actor.tasks[0]) for actor in self._actors if actor.tasks]
        return tuple(
            Under(task.key, actor.state.get("fraction", 0.0), actor.state.get("stage") or "starting", actor.label)
            for actor, task in busy
        )

    def gpus(self) -> tuple[Gpu, ...]:
        return tuple(Gpu(**gpu) for actor in self._actors for gpu in actor.state.get("gpus", ()))

    def news(self) -> list[WorkerNews]:
        news, self._news = self._news, []
        return news

    def client(self) -> WorkerClient:
        return self._make({})

    def close(self) -> None:
        if self._cluster is not None:
            self._cluster.leave([actor.handle for actor in self._actors])
        self._cluster = None
        self._actors.clear()
        self._waiting.clear()

    def _free(self) -> _Actor | None:
        """The actor that has least to do, if it can take more."""
        few = min((actor for actor in self._actors if actor.joined), key=lambda actor: len(actor.tasks), default=None)
        return few if few is not None and len(few.tasks) < DEPTH else None

    def _look(self) -> None:
        """See who has come, how far they are, and start or end actors as the cluster grows or shrinks."""
        if self._cluster is None or time.monotonic() - self._looked < _LOOK:
            return
        self._looked = time.monotonic()
        done = self._cluster.done([promise for actor in self._actors for promise in (actor.hello, actor.asked) if promise])
        for actor in list(self._actors):
            if not actor.joined and actor.hello in done:
                self._welcome(actor)
            if actor.asked is not None and actor.asked in done:
                self._hear(actor)
            if actor in self._actors and actor.joined and actor.asked is None:
                actor.asked = actor.handle.state.remote()
        if self._machines != (machines := self._cluster.machines()):
            self._machines, self._retired = machines, 0  # what failed may do better elsewhere
        wanted = (self._count or self._cluster.room()) - self._retired
        if wanted <= 0 and self._retired and self._why is not None and not self._actors:
            raise self._why
        if not self.size and not self._told and time.monotonic() - self._connected > _QUIET:
            self._told = True
            self._news.append(
                WorkerNews("of the cluster", "awaited", f"None in {_QUIET:.0f} s: is it busy, or still starting?")
            )
        for _ in range(wanted - len(self._actors)):
            self._start()
        for actor in [actor for actor in self._actors if not actor.joined][: max(0, len(self._actors) - wanted)]:
            self._dismiss(actor)

    def _start(self) -> None:
        assert self._cluster is not None
        self._started += 1
        handle = self._cluster.start()
        self._actors.append(_Actor(handle, str(self._started), handle.hello.remote()))

    def _welcome(self, actor: _Actor) -> None:
        said = self._get(actor, actor.hello)
        if said is None:
            return
        if "error" in said:
            self._retire(actor, _error(said))
            return
        actor.label = f"{actor.label} on {said['host']}"
        if said["software"] != self._software:
            problem = f"It has LDR to HDRI {said['software']}, and this machine {self._software}."
            self._retire(actor, WorkerError(problem, "Install the same on all machines."))
            return
        actor.joined, actor.pid = True, said["pid"]
        versions = said["versions"]
        self._versions = self._versions or versions
        self._tell(actor, "joined", ", ".join(f"{name} {version}" for name, version in versions.items()))
        other = [f"{name} {version} (others {self._versions.get(name)})" for name, version in versions.items()]
        other = [text for text, name in zip(other, versions, strict=True) if versions[name] != self._versions.get(name)]
        if other:
            self._tell(actor, "differs", f"It has {', '.join(other)}: the last bits of its results may differ.")

    def _hear(self, actor: _Actor) -> None:
        asked, actor.asked = actor.asked, None
        said = self._get(actor, asked)
        if said is not None:
            actor.state = said

    def _answer(self, actor: _Actor, task: Task) -> list[tuple[Task, Product | HdrError]]:
        actor.state = {**actor.state, "fraction": 0.0, "stage": ""}
        said = self._get(actor, task.job)
        if said is None:  # the machine is lost
            task.lost.append(actor.pid)
            if len(task.lost) < _LOSSES:
                self._waiting.appendleft(task)
                return []
            problem = f"Its worker was lost {_LOSSES} times."
            return [(task, WorkerError(problem, "Look at the machines' logs; start again to try it once more."))]
        if "error" not in said:
            actor.strikes, actor.pid = 0, said["pid"]
            return [(task, _received(task, said))]
        error = _error(said)
        if not isinstance(error, (WorkerError, RuntimeMissingError, WeightsError)):
            actor.strikes = 0
            return [(task, error)]
        actor.strikes += 1
        task.attempts += 1
        if actor.strikes >= _STRIKES or not isinstance(error, WorkerError):
            self._retire(actor, error)
        if task.attempts < ATTEMPTS or not isinstance(error, WorkerError):
            self._waiting.append(task)
            return []
        return [(task, error)]

    def _get(self, actor: _Actor, promise: Any) -> Any:
        """What was promised, which is done; None, and the actor gone, if it was lost."""
        assert self._cluster is not None
        said, lost = self._cluster.get(promise)
        if lost and not actor.joined:
            self._retire(
                actor, WorkerError(f"It could not start: {lost}", "Is LDR to HDRI installed there? See docs/scale.md.")
            )
        elif lost:
            self._dismiss(actor)
            self._tell(actor, "lost", lost)
        return said

    def _retire(self, actor: _Actor, why: HdrError) -> None:
        self._why = why
        self._retired += 1
        self._dismiss(actor)
        self._tell(actor, "retired", str(why))

    def _dismiss(self, actor: _Actor) -> None:
        """End an actor; what waited for it is done by others."""
        assert self._cluster is not None
        self._actors.remove(actor)
        self._waiting.extend(actor.tasks)
        actor.tasks.clear()
        self._cluster.end(actor.handle)

    def _tell(self, actor: _Actor, what: Any, why: str) -> None:
        self._news.append(WorkerNews(actor.label, what, why))


def _error(said: Mapping[str, Any]) -> HdrError:
    kind: type[HdrError] = getattr(errors, said["error"])
    return kind(said["problem"], said["next_step"])


def _received(task: Task, said: Mapping[str, Any]) -> Product | HdrError:
    """The product; its pictures go where they belong among the records."""
    try:
        for name, content in said["pictures"].items():
            with replacing(Path(getattr(task.work, name)), overwrite=True) as file:
                file.write(content)
    except HdrError as error:
        return error
    return Product.from_plain(said["product"])
