"""The parent's end of the worker process: starts it, sends it conversions, hears of progress, stops it.

Standard library only, because this runs inside Blender's Python. One thread must own a client; nothing here blocks it except
`Job.wait`, `WorkerClient.close`, and the few milliseconds that killing a process takes.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Generic, TypeVar, cast

from . import errors
from .inspection import Runtime
from .settings import Conversion, ConvertSettings, Device, Progress
from .sun import Sun
from .temporary import remove_temporary

Result = TypeVar("Result")

_CHOOSE_PYTHON = "Choose another Python (3.11 or newer) in the add-on's preferences or in LDR_TO_HDRI_PYTHON."

# All that a worker may know of its parent's environment: where programs, libraries, caches and temporary files are, the
# language, and how GPUs and thread pools are set up. PYTHON* is left out on purpose, and `-I` makes the child ignore it anyway.
_ENVIRONMENT = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LANGUAGE|LC_\w+|TMPDIR|TEMP|TMP|XDG_CACHE_HOME|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH"
    r"|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|USERPROFILE|APPDATA|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES"
    r"|NUMBER_OF_PROCESSORS|PROCESSOR_ARCHITECTURE|(CUDA|NVIDIA|HIP|HSA|ROCR|PYTORCH|TORCH|OMP|MKL|KMP|VIPS)_\w+|LDR_TO_HDRI_GPU_MEMORY",
    re.IGNORECASE,
)

# Python's own numpy is loaded before the folders of packages are looked at: there other extensions may have put another one,
# for which neither Blender nor our packages were made.
_BOOT = """
import sys
sys.path.insert(0, sys.argv[1])
try:
    import numpy
except Exception:
    pass
sys.path[1:1] = sys.argv[2:]
from hdr_core.worker import main
main()
"""
_STDERR_LINES = 50
_WINDOWS_FLAGS = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


def find_python(preferred: str = "") -> Path:
    """The Python that runs the worker: `preferred`, else the variable LDR_TO_HDRI_PYTHON, else the one that runs this.

    A name without a folder is looked up in PATH. Symbolic links are kept, because a virtual environment lives by them.
    Raises RuntimeMissingError when the one that was named is no program.
    """
    for origin, name in (
        ("the preferences name", preferred),
        ("LDR_TO_HDRI_PYTHON names", os.environ.get("LDR_TO_HDRI_PYTHON", "")),
    ):
        if name.strip():
            found = shutil.which(os.path.expanduser(name.strip()))  # noqa: PTH111  (Path would drop the "./")
            if found is None:
                raise errors.RuntimeMissingError(f"The Python that {origin} is no program: {name.strip()}.", _CHOOSE_PYTHON)
            return Path(os.path.abspath(found))  # noqa: PTH100  (resolve() would follow the links)
    if not sys.executable:
        raise errors.RuntimeMissingError("No Python was found to run the network.", _CHOOSE_PYTHON)
    return Path(sys.executable)


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
        self._process: _Process | None = None
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
            self._process = _Process(self._python, self._paths, self._variables)
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

    def _take_in_from(self, process: _Process, patience: float = 0.0) -> None:
        for message in process.messages(patience):
            job = self._jobs.get(message["id"])
            if job is not None:
                job._take_in(message)
                if job._done:
                    del self._jobs[message["id"]]

    def _settle(self, process: _Process, error: Callable[[], errors.HdrError]) -> None:
        """The process is gone: fail the jobs that it did not finish, and remove what it left half-written."""
        self._end()
        self._process = None
        jobs, self._jobs = list(self._jobs.values()), {}
        for job in jobs:
            job._fail(error())
            for output in job.outputs:
                remove_temporary(output, process.pid)


class _Process:
    """The child, its three pipes, and the two threads that read from it."""

    def __init__(self, python: Path, paths: Sequence[Path], variables: Mapping[str, str]) -> None:
        self._python = python
        self._messages: queue.Queue[bytes | None] = queue.Queue()  # None: it will say no more
        self._last_words: deque[str] = deque(maxlen=_STDERR_LINES)
        self._spoke = self._garbled = False
        self.silenced = False  # all that it said before its end has been taken in
        command = [str(python), "-I", "-X", "utf8", "-c", _BOOT, *map(str, paths)]
        try:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**child_environment(), **variables},
                creationflags=_WINDOWS_FLAGS,
            )
        except OSError as error:
            raise errors.WorkerError(
                f"The worker could not be started with {python} ({error.strerror}).", _CHOOSE_PYTHON
            ) from error
        self.pid = self._popen.pid
        self._stdin, stdout, stderr = (
            cast("IO[bytes]", pipe) for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr)
        )
        self._readers = [
            threading.Thread(target=_read_messages, args=(stdout, self._messages), daemon=True),
            threading.Thread(target=_read_log, args=(stderr, self._last_words), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def send(self, request: Mapping[str, Any]) -> None:
        try:
            self._stdin.write(json.dumps(request).encode("ascii") + b"\n")
            self._stdin.flush()
        except OSError:  # it died this moment: the end of its output says so to whoever waits for the answer
            self._popen.kill()

    def messages(self, patience: float) -> Iterator[Mapping[str, Any]]:
        """What it has said since last asked; waits up to `patience` seconds for the first message."""
        try:
            line = self._messages.get(timeout=patience) if patience else self._messages.get_nowait()
            while line is not None:
                self._spoke = True
                message = parse_message(line)
                if message is not None:
                    yield message
                else:
                    self._garbled = True
                    self._popen.kill()
                line = self._messages.get_nowait()
            self.silenced = True
        except queue.Empty:
            return

    def kill(self) -> None:
        self._popen.kill()
        self._popen.wait()
        self._readers[0].join()

    def end(self) -> None:
        """Let it end by closing its input; kill it if it does not."""
        with contextlib.suppress(OSError):  # unsent bytes to a dead process
            self._stdin.close()
        try:
            self._popen.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    def death(self) -> errors.WorkerError:
        """Why it ended, as an error that carries the last lines of its log as a note."""
        self._readers[1].join(timeout=1.0)  # its log may still be on the way
        code = self._popen.returncode
        said = [line for line in self._last_words if line.strip()]
        how = "it said what makes no sense" if self._garbled else _describe_exit(code)
        how += f"; it said: {said[-1].strip()}" if said and code >= 0 else ""
        if not self._spoke:
            error = errors.WorkerError(f"The worker could not be started with {self._python} ({how}).", _CHOOSE_PYTHON)
        else:
            error = errors.WorkerError(
                f"The worker process died in the middle of its work ({how}). No output was written.",
                "Try again; if that fails too, free some memory, choose device cpu, or convert a smaller photo.",
            )
        if said:
            error.add_note("The worker's log:\n" + "\n".join(said))
        return error


def parse_message(line: bytes) -> Mapping[str, Any] | None:
    """One line that a worker said; None where it is no message of any worker."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    sound = isinstance(message, dict) and {"id", "event"} <= message.keys() and isinstance(message["id"], int | None)
    return message if sound else None


def _read_messages(stream: IO[bytes], messages: queue.Queue[bytes | None]) -> None:
    with stream:
        for line in stream:
            if line.endswith(b"\n"):  # else it died in the middle of a word
                messages.put(line)
    messages.put(None)


def _read_log(stream: IO[bytes], lines: deque[str]) -> None:
    with stream:
        for line in stream:
            lines.append(line.decode("utf-8", "replace").rstrip())


def child_environment() -> dict[str, str]:
    """What a child process may know of this one's environment."""
    return {name: value for name, value in os.environ.items() if _ENVIRONMENT.fullmatch(name)}


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"exit code {code:#x}" if code > 255 else f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
