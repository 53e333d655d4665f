"""The parent's end of the worker: asks it for conversions, hears of progress, stops it.

Standard library only, because this runs inside Blender's Python. One thread must own a client; nothing here blocks it except
`Job.wait`, `WorkerClient.close`, and the few milliseconds that killing a process takes.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

from . import errors
from .inspection import Runtime
from .settings import Conversion, ConvertSettings, Device, Progress
from .sun import Sun
from .temporary import remove_temporary
from .worker_process import WorkerProcess

Result = TypeVar("Result")


class Job(Generic[Result]):
    """One request to the worker, and what came of it."""

    def __init__(self, client: WorkerClient, decode: Callable[[Mapping[str, Any]], Result], *outputs: Path) -> None:
        self.fraction = 0.0  # done, in [0, 1]
        self.stage = ""
        self.outputs = outputs  # the files that the worker is to write
        self._client = client
        self._decode = decode
        self._result: Result | None = None
        self._error: errors.HdrError | None = None

    def poll(self) -> bool:
        """Take in what the worker has said, without blocking. True when the job is done, well or badly."""
        if not self._done:
            self._client._take_in()
        return self._done

    def result(self) -> Result:
        """What the worker answered.

        Raises the HdrError of the failure: of the same class as in the worker, WorkerError if the process died, Cancelled.
        Calling this before `poll` returned True is a mistake in the program.
        """
        if self._error is not None:
            raise self._error
        if self._result is None:
            raise RuntimeError("the job is not done yet")
        return self._result

    def wait(self, on_progress: Progress | None = None) -> Result:
        """Block until the job is done, then as `result`. `on_progress` is called in this thread, whenever there is news."""
        told: tuple[float, str] | None = None
        while not self._done:
            self._client._take_in(patience=0.1)
            news = (self.fraction, self.stage)
            if on_progress is not None and self.stage and news != told:
                on_progress(*news)
                told = news
        return self.result()

    @property
    def _done(self) -> bool:
        return self._result is not None or self._error is not None

    def _take_in(self, message: Mapping[str, Any]) -> None:
        try:
            match message["event"]:
                case "progress":
                    self.fraction, self.stage = float(message["fraction"]), str(message["stage"])
                case "done":
                    self._result = self._decode(message["result"])
                    self.fraction = 1.0
                case "error":
                    kind = getattr(errors, message["error"])
                    self._error = kind(message["problem"], message["next_step"])
        except Exception as error:  # noqa: BLE001  (whatever is wrong with the answer, this job must end)
            what = f"The worker's answer cannot be read ({type(error).__name__}: {error})."
            self._error = errors.WorkerError(what, "Restart Blender; if it happens again, install the extension again.")

    def _fail(self, error: errors.HdrError) -> None:
        self._error = error


class WorkerClient:
    """One worker process, started on first use, kept warm between conversions.

    The process ends with `close`, when the client is collected or the interpreter exits, and on its own if this process dies.
    """

    def __init__(
        self,
        python: Path,
        *,
        extra_paths: Sequence[Path] = (),
        budget: int = 0,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """`python` runs the worker; `extra_paths` are searched for packages before that Python's own.

        budget: memory of the GPU that it may take, in MiB; 0: what is free. It finds it in LDR_TO_HDRI_GPU_MEMORY, in GiB.
        variables: are set in its environment, too.
        """
        self._python = python
        self._variables = {"LDR_TO_HDRI_GPU_MEMORY": str(budget / 1024)} if budget else {}
        self._variables.update(variables or {})
        self._paths = [Path(__file__).absolute().parents[1], *extra_paths]
        self._process: WorkerProcess | None = None
        self._end: Callable[[], object] = lambda: None  # of the process, at exit or when this client is collected
        self._jobs: dict[int, Job[Any]] = {}
        self._last_id = 0

    @property
    def running(self) -> bool:
        """Whether there is a live worker process, busy or not."""
        return self._process is not None and self._process.alive

    @property
    def busy(self) -> bool:
        """Whether something that was asked of it is not done yet."""
        return bool(self._jobs)

    @property
    def pid(self) -> int | None:
        """The worker's process id, None when there is none."""
        return self._process.pid if self._process is not None and self._process.alive else None

    def convert(self, source: Path, output: Path, settings: ConvertSettings, *, overwrite: bool = False) -> Job[Conversion]:
        """Ask for a conversion (as `hdr_core.convert`), starting the worker if there is none. Returns at once.

        Conversions asked for while another runs are done in turn. Raises WorkerError when the process cannot be started.
        """
        source, output = source.absolute(), output.absolute()
        request = {
            "op": "convert",
            "source": str(source),
            "output": str(output),
            "settings": asdict(settings),
            "overwrite": overwrite,
        }
        return self._ask(Job(self, Conversion.from_plain, output), request)

    def preview(self, source: Path, output: Path, width: int, settings: ConvertSettings) -> Job[Conversion]:
        """Ask for a preview (as `hdr_core.preview.preview`). Returns at once, as `convert` does."""
        source, output = source.absolute(), output.absolute()
        request = {"op": "preview", "source": str(source), "output": str(output), "width": width, "settings": asdict(settings)}
        return self._ask(Job(self, Conversion.from_plain, output), request)

    def split(self, source: Path, output: Path) -> Job[Sun]:
        """Ask for the panorama `source` without its sun (as `hdr_core.split_file`). Returns at once, as `convert` does."""
        source, output = source.absolute(), output.absolute()
        request = {"op": "split", "source": str(source), "output": str(output)}
        return self._ask(Job(self, Sun.from_plain, output), request)

    def hello(self) -> Job[dict[str, str]]:
        """Ask the worker for the versions of Python and of the packages that it needs, by name.

        The job fails with RuntimeMissingError when one is missing. Raises WorkerError when the process cannot be started.
        """
        return self._ask(Job(self, dict), {"op": "hello"})

    def ask(
        self, request: Mapping[str, Any], decode: Callable[[Mapping[str, Any]], Result], outputs: Sequence[Path] = ()
    ) -> Job[Result]:
        """Ask for another operation of worker.py, which may write the `outputs`. Returns at once, as `convert` does."""
        return self._ask(Job(self, decode, *outputs), request)

    def inspect(self, device: Device) -> Job[Runtime]:
        """Ask what the worker's Python can do, and let it try `device` (as `inspection.inspect_runtime`). Returns at once."""
        return self._ask(Job(self, Runtime.from_plain), {"op": "inspect", "device": device})

    def warm_up(self) -> Job[dict[str, str]]:
        """Let the worker load what a conversion with device "auto" needs, so that the first one does not wait for it.

        To be asked for as soon as a conversion is likely. Answers and fails as `hello`, and names the "device", too.
        """
        return self._ask(Job(self, dict), {"op": "warm_up"})

    def cancel(self) -> None:
        """Stop at once what is being converted: kill the process, remove its temporary file; unfinished jobs get Cancelled.

        A worker that has nothing to do is left alone. The next request starts a new process.
        """
        self._take_in()
        if self._jobs and self._process is not None:
            self._process.kill()
            self._take_in_from(self._process)  # it may have finished just before
            self._settle(self._process, errors.Cancelled)

    def close(self) -> None:
        """End the process, cancelling what it does. Safe to call twice; a later request starts a new process."""
        self.cancel()
        if self._process is not None:
            self._end()
            self._process = None

    def _ask(self, job: Job[Result], request: Mapping[str, Any]) -> Job[Result]:
        self._take_in()
        if self._process is None or not self._process.alive:
            self._process = WorkerProcess(self._python, self._paths, self._variables)
            self._end = weakref.finalize(self, self._process.end)
        self._last_id += 1
        self._jobs[self._last_id] = job
        self._process.send({"id": self._last_id, **request})
        return job

    def _take_in(self, patience: float = 0.0) -> None:
        """Hand each job what the worker said of it, waiting up to `patience` seconds for the first word."""
        process = self._process
        if process is None:
            return
        self._take_in_from(process, patience)
        if process.silenced:
            self._settle(process, process.death)

    def _take_in_from(self, process: WorkerProcess, patience: float = 0.0) -> None:
        for message in process.messages(patience):
            job = self._jobs.get(message["id"])
            if job is not None:
                job._take_in(message)
                if job._done:
                    del self._jobs[message["id"]]

    def _settle(self, process: WorkerProcess, error: Callable[[], errors.HdrError]) -> None:
        """The process is gone: fail the jobs that it did not finish, and remove what it left half-written."""
        self._end()
        self._process = None
        jobs, self._jobs = list(self._jobs.values()), {}
        for job in jobs:
            job._fail(error())
            for output in job.outputs:
                remove_temporary(output, process.pid)
