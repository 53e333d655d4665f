"""The worker process as its parent holds it: the Python that runs it, what it may know, its pipes, and how it ended.

Standard library only, because this runs inside Blender's Python.
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
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

from . import errors

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
# Threads that wait for each other sleep. Else they keep the cores busy meanwhile, and where other programs want these too, such
# as Blender's window or a render, the network takes up to eight times as long.
_PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""A flag for child processes that open no console, on Windows."""
_WINDOWS_FLAGS = NO_WINDOW | getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


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


class WorkerProcess:
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
                env={**_PATIENT, **child_environment(), **variables},
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
        how = "it said what makes no sense" if self._garbled else describe_exit(code)
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


def describe_exit(code: int) -> str:
    """What a process's exit code means."""
    if code >= 0:
        return f"exit code {code:#x}" if code > 255 else f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
