"""One thing that the worker does for Blender, from what was asked to what is then in the .blend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Generic, Literal, TypeVar

from ..hdr_core.client import Job
from ..hdr_core.errors import HdrError

Result = TypeVar("Result")
State = Literal["WAITING", "RUNNING", "DONE", "FAILED", "CANCELLED"]


class Task(ABC, Generic[Result]):
    """What waits in `task_queue`, which calls its three steps in turn, all in Blender's main thread.

    title: what the queue shows it as. scratch: a temporary folder of its own, from `prepare` to its end.
    job: the worker's part, None before it is sent. error: why it failed or was cancelled.
    """

    title: str
    scratch: Path

    def __init__(self) -> None:
        self.state: State = "WAITING"
        self.job: Job[Result] | None = None
        self.error: HdrError | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Find out what can be known to go wrong, and keep what the user may change later. Raises HdrError."""

    @abstractmethod
    def send(self) -> Job[Result]:
        """Hand it to the worker, and return at once. Raises HdrError."""

    @abstractmethod
    def apply(self) -> str:
        """Put what the worker made into the .blend, and say so. It is done: `wait` does not block.

        Raises HdrError, that of the worker too: then the .blend is as it was.
        """

    def wait(self) -> Result:
        """What the worker answers; blocks until it does. Raises the HdrError of its failure."""
        if self.job is None:
            raise RuntimeError("the task was not started yet")
        return self.job.wait()

    @property
    def is_over(self) -> bool:
        return self.state not in {"WAITING", "RUNNING"}

    @property
    def progress(self) -> tuple[float, str]:
        """How much is done, in [0, 1], and at which stage the worker is."""
        return (self.job.fraction, self.job.stage) if self.job is not None else (0.0, "")
