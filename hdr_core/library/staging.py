"""What lies in a remote store, worked on in a folder of this machine: fetched before, sent after. Runs in the worker."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from ..atomic import temporary_path
from ..errors import DiskFullError, HdrError, OutputError, PhotoError, WorkerError
from ..photo_folder import MARK_WITHIN, holds_mark
from ..projection.face_files import face_files
from .remote import WHOLE_OR_NOT, file_system, reaching
from .store import is_url
from .work import STAGE, Product, Work

_PAUSES = (1.0, 5.0)  # seconds before a transfer that failed is tried again


@contextmanager
def staged(work: Work) -> Iterator[Staging]:
    """`work` with all that is remote on this machine, for as long as it takes.

    Raises PhotoError where the photo cannot be fetched, OutputError where a file is there that this software did not write.
    """
    folder = temporary_path(STAGE, os.getpid())
    shutil.rmtree(folder, ignore_errors=True)  # left by a killed process that had our pid
    try:
        folder.mkdir(mode=0o700)
        staging = Staging(work, folder)
        try:
            yield staging
        except HdrError as error:
            if isinstance(error, DiskFullError) and str(folder) in error.problem:
                raise _no_room(folder) from error
            raise staging.as_asked(error) from error
    except OSError as error:
        raise _no_room(folder) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Staging:
    """work: to be done on this machine."""

    def __init__(self, work: Work, folder: Path) -> None:
        self._sent: dict[str, str] = {}  # the URL of each local path
        self._overwrite = work.overwrite
        source = self._fetched(work.source, folder / "photo")
        files = tuple(replace(file, path=self._local(file.path, folder / "results")) for file in work.files)
        sheet = self._local(work.sheet, folder / "results")
        self.work = replace(work, source=source, files=files, sheet=sheet)
        for url in self._sent.values():
            self._check(url)

    def deliver(self, product: Product) -> Product:
        """Send what was made; returns the product by its URLs. Raises OutputError."""
        paths = [*(made.path for made in product.files), self.work.sheet]
        for path in paths:
            if path in self._sent:
                send(Path(path), self._sent[path])
        files = tuple(replace(made, path=self._sent.get(made.path, made.path)) for made in product.files)
        output = self._sent.get(product.conversion.output, product.conversion.output)
        return replace(product, files=files, conversion=replace(product.conversion, output=output, source=self._source))

    def as_asked(self, error: HdrError) -> HdrError:
        """The same error, with the URLs that were asked for in place of the paths here."""
        problem, step = error.problem, error.next_step
        for here, url in {**self._sent, self.work.source: self._source}.items():
            problem, step = problem.replace(here, url), step.replace(here, url)
        return type(error)(problem, step)

    def _fetched(self, source: str, folder: Path) -> str:
        """The photo, and of a cube map in six files its sisters."""
        self._source = source
        if not is_url(source):
            return source
        folder.mkdir()
        fs, inside = file_system(source)
        parent, _, name = inside.rpartition("/")
        names = face_files(Path(name), lambda path: bool(fs.exists(f"{parent}/{path}"))) or {"": Path(name)}
        for path in names.values():
            _again(lambda path=path: _fetch(fs, f"{parent}/{path}" if parent else str(path), folder / path, source))  # type: ignore[misc]
        return str(folder / name)

    def _local(self, path: str, folder: Path) -> str:
        if not is_url(path):
            return path
        folder.mkdir(exist_ok=True)
        local = str(folder / PurePosixPath(path.partition("::")[0]).name)
        self._sent[local] = path
        return local

    def _check(self, url: str) -> None:
        """Refuse to replace what this software did not write: found out now, because restoring may take minutes."""
        if url == self._source:
            raise OutputError(f'The output "{url}" is the photo itself.', "Choose another target.")
        if self._overwrite:
            return
        fs, inside = file_system(url)
        with reaching(url):
            try:
                beginning = fs.cat_file(inside, start=0, end=MARK_WITHIN)
            except FileNotFoundError:
                return
        if not holds_mark(beginning):
            raise OutputError(
                f'"{url}" exists and was not made by this software.', "Choose another name, or allow it to be overwritten."
            )


def send(local: Path, url: str) -> None:
    """Put a file where `url` says, whole or not at all. Raises OutputError."""
    try:
        _again(lambda: _put(local, url))
    except (PhotoError, FileNotFoundError) as error:
        problem = error.problem if isinstance(error, HdrError) else f'"{url}" cannot be written: {error}.'
        step = error.next_step if isinstance(error, HdrError) else "Check the address, and that you may write there."
        raise OutputError(problem, step) from error


def _put(local: Path, url: str) -> None:
    fs, inside = file_system(url)
    protocols = {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)
    parent, _, name = inside.rpartition("/")
    with reaching(url):
        if protocols & WHOLE_OR_NOT:
            fs.put_file(str(local), inside)
            return
        fs.makedirs(parent, exist_ok=True)
        temporary = f"{parent}/{temporary_path(Path(name), os.getpid())}"
        try:
            fs.put_file(str(local), temporary)
            fs.mv(temporary, inside)
        except BaseException:
            with contextlib.suppress(Exception):  # the failure that brought us here matters more
                fs.rm_file(temporary)
            raise


def _fetch(fs: Any, inside: str, local: Path, source: str) -> None:
    with reaching(source):
        try:
            fs.get_file(inside, str(local))
        except FileNotFoundError as error:
            raise PhotoError(f'"{source}" is not there.', "Start again: it was removed meanwhile.") from error
        except OSError as error:
            if not local.parent.is_dir() or shutil.disk_usage(local.parent).free < 2**20:
                raise _no_room(local.parent) from error
            raise


def _again(action: Callable[[], None]) -> None:
    """Networks fail for moments."""
    for pause in _PAUSES:
        try:
            action()
        except PhotoError as error:
            if isinstance(error.__cause__, FileNotFoundError | PermissionError):
                raise
            time.sleep(pause)
        else:
            return
    action()


def _no_room(folder: Path) -> WorkerError:
    return WorkerError(
        f'The folder for temporary files "{folder.parent}" of this machine cannot be used, or is full.',
        "Free some space there, or name another folder in the variable TMPDIR.",
    )
