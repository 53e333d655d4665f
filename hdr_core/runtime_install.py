"""Puts the runtime (PyTorch and the rest) into a folder of its own: pinned, hash-checked, and all of it or nothing.

    FOLDER/linux-x64-py311-cpu/         the packages, with runtime.json, once they have been seen to work
    FOLDER/linux-x64-py311-cpu.part/    on the way: downloaded wheels, which the next try takes up, and what is being unpacked

Standard library only, because this runs inside Blender's Python. Nothing here blocks but `Installation.wait`.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

from .client import WorkerClient
from .errors import Cancelled, HdrError, RuntimeInstallError
from .file_lock import FileLock
from .pip_process import run_pip
from .runtime_wheels import LOCK, read_lock, this_target, total_size
from .settings import Progress
from .wheel_downloads import Downloads

PACKED = Path(__file__).absolute().parents[1] / "wheels"
"""Where the extension keeps the wheels that no index has."""

_SELDOM = 20  # times what counting the bytes takes passes until the next time: whoever polls has a window to draw
_UNPACKED = 4  # times the size of the wheels; measured: 3.6
_MARK = "runtime.json"
_STOPPED = Cancelled("The installation was stopped.", "What has arrived is kept, and not downloaded again.")


def installed_runtime(folder: Path, python: tuple[int, int] = sys.version_info[:2]) -> Path | None:
    """The packages in `folder` for that Python, None if there are none."""
    found = [mark.parent for mark in folder.glob(f"*-py{python[0]}{python[1]}-*/{_MARK}")]
    return max(found, key=lambda path: (path / _MARK).stat().st_mtime, default=None)


def remove_runtime(folder: Path) -> int:
    """Remove all that was installed or downloaded in `folder`; returns the bytes freed. End the worker before.

    Raises RuntimeInstallError where something resists, or an installation is under way.
    """
    freed = _size(folder)
    try:
        for part in folder.iterdir() if folder.is_dir() else ():
            if part.name.endswith(".part"):
                with FileLock(part / "lock"):
                    pass
            with suppress(FileNotFoundError):
                (part / _MARK).unlink()  # first: what is half removed must not be taken for a runtime
            shutil.rmtree(part)
        if folder.is_dir():
            folder.rmdir()
    except OSError as error:
        raise RuntimeInstallError(
            f'"{error.filename or folder}" cannot be removed: {error.strerror}.',
            "Close other Blenders, and programs that use it, then remove it again.",
        ) from error
    return freed


class Installation:
    """An installation under way: create it, then `poll` until it says True, or `wait`."""

    def __init__(self, python: Path, folder: Path, *, target: str = "", lock: Path = LOCK, packed: Path = PACKED) -> None:
        """`python` runs pip, and later the worker; it must be of the version that `target` (see `this_target`) is for.

        Raises RuntimeInstallError where the disk has no room, `folder` cannot be written, or another process installs there;
        RuntimeMissingError where there is nothing for this system.
        """
        self.target = target or this_target(lock=lock)
        self.fraction = 0.0
        self.stage = "Preparing"
        self._measure_at = 0.0
        self._python = python
        self._wheels = read_lock(lock)[self.target]
        self._final = folder / self.target
        self._part = folder / f"{self.target}.part"
        self._wheels_in, self._scratch, self._new = (self._part / name for name in ("wheels", "tmp", "packages"))
        self._downloads = Downloads(python, self._wheels, self._wheels_in, self._scratch, packed)
        self._worker: WorkerClient | None = None
        self._error: HdrError | None = None
        self._done = False
        self._guard = self._take_folder()
        try:
            self._check_space()
            self._steps = self._work()
        except BaseException:
            self._guard.release()
            raise

    def poll(self) -> bool:
        """Go on, without blocking. True when it is over, well or badly: then ask `result`."""
        if not self._done:
            try:
                if time.monotonic() >= self._measure_at:
                    began = time.monotonic()
                    self.fraction = max(self.fraction, self._measure())
                    self._measure_at = time.monotonic() + _SELDOM * (time.monotonic() - began)
                next(self._steps)
            except StopIteration:
                self._end(None)
            except HdrError as error:
                self._end(error)
            except OSError as error:
                self._end(_disk_error(self._part, error))
        return self._done

    def result(self) -> Path:
        """The folder of the packages. Raises the HdrError of the failure; Cancelled after `cancel`."""
        if self._error is not None:
            raise self._error
        if not self._done:
            raise RuntimeError("the installation is not over yet")
        return self._final

    def wait(self, on_progress: Progress | None = None) -> Path:
        """Block until it is over, then as `result`."""
        try:
            while not self.poll():
                if on_progress is not None:
                    on_progress(self.fraction, self.stage)
                time.sleep(0.1)
        except BaseException:  # Ctrl-C
            self.cancel()
            raise
        return self.result()

    def cancel(self) -> None:
        """Stop at once. What has arrived is kept for the next try."""
        if not self._done:
            self._end(_STOPPED)

    def _work(self) -> Generator[None, None, None]:
        """The steps, which yield while they wait."""
        for stage in self._downloads.steps():
            self.stage = stage
            yield
        self.stage = "Unpacking"
        shutil.rmtree(self._new, ignore_errors=True)
        options = ["--no-deps", "--require-hashes", "--no-index", "--find-links", str(self._wheels_in)]
        options += ["--target", str(self._new), "--no-compile"]
        yield from run_pip(self._python, ["install", *options], self._wheels, self._scratch)
        self.stage = "Testing"
        yield from self._test()
        mark = {"target": self.target, "packages": {wheel.name: wheel.version for wheel in self._wheels}}
        (self._new / _MARK).write_text(json.dumps(mark, indent=1), encoding="utf-8")
        if self._final.exists():
            (self._final / _MARK).unlink(missing_ok=True)
            shutil.rmtree(self._final)
        self._new.replace(self._final)

    def _test(self) -> Generator[None, None, None]:
        """Whether the packages can be imported, by the worker that will use them."""
        self._worker = WorkerClient(self._python, extra_paths=[self._new])
        answer = self._worker.hello()
        while not answer.poll():
            yield
        answer.result()
        self._worker.close()

    def _measure(self) -> float:
        """How much is done, in [0, 1]: what has arrived, and what has been unpacked, in bytes."""
        total = total_size(self._wheels)
        if self.stage.startswith("Downloading"):
            arrived = _size(self._wheels_in) + _size(self._scratch)
            return 0.85 * min(arrived / total, 1.0)
        if self.stage == "Unpacking":
            return 0.85 + 0.1 * min((_size(self._new) + _size(self._scratch)) / (total * _UNPACKED), 1.0)
        return 0.95 if self.stage == "Testing" else 0.0

    def _take_folder(self) -> FileLock:
        try:
            self._wheels_in.mkdir(parents=True, exist_ok=True)
            guard = FileLock(self._part / "lock")
            guard.acquire()
        except BlockingIOError as error:
            raise RuntimeInstallError(
                "Another Blender is installing this already.", "Wait for it, then restart this one."
            ) from error
        except OSError as error:
            raise _disk_error(self._part, error) from error
        return guard

    def _check_space(self) -> None:
        needed = self._downloads.room() + _UNPACKED * total_size(self._wheels)
        free = shutil.disk_usage(self._part).free
        if free < needed:
            raise RuntimeInstallError(
                f"The runtime needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free in {self._part.parent}.",
                "Free some space, and install again.",
            )

    def _end(self, error: HdrError | None) -> None:
        self._done, self._error = True, error
        if self._worker is not None:
            self._worker.close()
        self._steps.close()
        self._guard.release()
        for leftover in (self._scratch, self._new) if error is not None else (self._part,):
            shutil.rmtree(leftover, ignore_errors=True)
        if error is None:
            self.fraction = 1.0


def _size(folder: Path) -> int:
    """Bytes in all files below. Files may come and go meanwhile."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):
                total += (Path(place) / name).lstat().st_size
    return total


def _disk_error(folder: Path, error: OSError) -> RuntimeInstallError:
    return RuntimeInstallError(
        f'"{folder}" cannot be written: {error.strerror or error}.', "Free some space, or get the right to write there."
    )
