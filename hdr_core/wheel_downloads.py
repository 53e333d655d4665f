"""Gets the runtime's wheels: what is small by pip at once, what is large so that it goes on where it broke off.

Where `wheel_fetch.py` finds no way to a large one (it lies on a disk, or this pip is built otherwise), pip downloads it, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .pip_process import run, run_pip
from .runtime_wheels import Wheel
from .wheel_fetch import UNABLE, partial_of

_LARGE = 20e6  # bytes
_FETCH = Path(__file__).with_name("wheel_fetch.py")


class Downloads:
    """folder: for the wheels, kept by the caller for the next try; scratch: serves a step; packed: what no index has."""

    def __init__(self, python: Path, wheels: Sequence[Wheel], folder: Path, scratch: Path, packed: Path) -> None:
        self._python, self._wheels, self._packed = python, wheels, packed
        self._folder, self._scratch = folder, scratch

    def room(self) -> int:
        """Bytes that have still to come."""
        return sum(max(wheel.size - self._arrived(wheel), 0) for wheel in self._wheels)

    def steps(self) -> Generator[str, None, None]:
        """Download what is missing; yields what it is at while it waits. Raises RuntimeInstallError."""
        checking = ThreadPoolExecutor(1)
        try:
            missing = checking.submit(self._missing)  # gigabytes are read for it
            while not missing.done():
                yield "Preparing"
        finally:
            checking.shutdown(wait=False, cancel_futures=True)
        small = [wheel for wheel in missing.result() if wheel.size < _LARGE]
        large = [wheel for wheel in missing.result() if wheel.size >= _LARGE]
        if small:
            for _ in self._by_pip(small):
                yield f"Downloading {len(small)} packages"
        for wheel in large:
            for _ in self._large(wheel):
                yield f"Downloading {wheel.name}"

    def _missing(self) -> list[Wheel]:
        return [wheel for wheel in self._wheels if not _is_complete(self._folder / wheel.file, wheel)]

    def _large(self, wheel: Wheel) -> Generator[None, None, None]:
        file = self._folder / wheel.file
        arguments = [wheel.name, str(file), str(wheel.size), wheel.sha256]
        if (yield from run(self._python, arguments, self._scratch, program=_FETCH, fine=(0, UNABLE))) == UNABLE:
            yield from self._by_pip([wheel])
            partial_of(file).unlink(missing_ok=True)

    def _by_pip(self, wheels: Sequence[Wheel]) -> Generator[None, None, int]:
        options = ["--no-deps", "--require-hashes", "-d", str(self._folder), "--find-links", str(self._packed)]
        options += ["--retries", "3", "--timeout", "30"]
        return run_pip(self._python, ["download", *options], wheels, self._scratch)

    def _arrived(self, wheel: Wheel) -> int:
        file = self._folder / wheel.file
        return next((path.stat().st_size for path in (file, partial_of(file)) if path.is_file()), 0)


def _is_complete(path: Path, wheel: Wheel) -> bool:
    if not path.is_file() or path.stat().st_size != wheel.size:
        path.unlink(missing_ok=True)
        return False
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() == wheel.sha256:
            return True
    path.unlink()
    return False
