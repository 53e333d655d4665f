"""A tree of files: a folder, or what fsspec knows by a URL (s3://bucket/hdris, gs://..., sftp://...). Standard library only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from ..atomic import output_error
from ..errors import DiskFullError, OutputError, PhotoError
from ..photo_folder import is_photo_name, is_result
from ..projection.face_files import face_files

Stamp = int | str
"""What changes when a file does, without reading it: its time of change in ns, or what its store says of its version."""


class Store(Protocol):
    """Paths in a store are below it, their parts joined by "/"."""

    @property
    def name(self) -> str:
        """The last part of where it is; "" at the top of a disk or of a bucket."""

    @property
    def trusts_stamps(self) -> bool:
        """Whether a file whose size and stamp are as they were need not be read to be known as unchanged."""

    def __str__(self) -> str:
        """Where it is."""

    def whole(self, path: str) -> str:
        """The path or URL of a file."""

    def photos(self, apart: Collection[Store], *, recursive: bool) -> Iterator[tuple[str, list[str]]]:
        """Each folder, as "" or "a/b/", with the names of its photos; hidden ones and stores `apart` are not looked into.

        Raises PhotoError where it cannot be read.
        """

    def cube(self, path: str) -> tuple[str, ...]:
        """The six files of the cube map that a file is a face of, told by their names; none where it is no face."""

    def stamp(self, path: str) -> tuple[int, Stamp]:
        """A file's size in bytes, and its stamp. Raises OSError where it is not there."""

    def checksum(self, path: str) -> str:
        """The SHA-256 of a file's content. Raises OSError."""

    def make_folder(self, path: str) -> None:
        """Make a folder, where the store has such. Raises OutputError."""


@dataclass(frozen=True)
class Folder:
    """A folder of this machine, or one that it shares with others."""

    path: Path

    trusts_stamps = False

    @property
    def name(self) -> str:
        return self.path.name

    def __str__(self) -> str:
        return str(self.path)

    def whole(self, path: str) -> str:
        return str(self.path / path)

    def photos(self, apart: Collection[Store], *, recursive: bool) -> Iterator[tuple[str, list[str]]]:
        here = _resolved(self.path)
        not_into = {_resolved(store.path) for store in apart if isinstance(store, Folder)} - {here}
        try:
            yield from _photos(self.path, "", not_into, {here}, recursive)
        except OSError as error:
            where = error.filename or self.path
            raise PhotoError(f'The folder "{where}" cannot be read: {error.strerror}.', "Give a folder of photos.") from error

    def cube(self, path: str) -> tuple[str, ...]:
        return cube_of(path, lambda other: (self.path / other).is_file())

    def stamp(self, path: str) -> tuple[int, Stamp]:
        status = (self.path / path).stat()
        return status.st_size, status.st_mtime_ns

    def checksum(self, path: str) -> str:
        return checksum(self.path / path)

    def make_folder(self, path: str) -> None:
        make_folder(self.path / path)


def open_store(where: Path | str) -> Store:
    """The store at a folder's path or a URL. Raises PhotoError or RuntimeMissingError for a URL that nothing here can read."""
    text = str(where)
    for local in ("file://", "local://"):
        if text.startswith(local):
            text, where = text.removeprefix(local), Path(text.removeprefix(local))
    if is_url(text):
        from .remote import Remote

        return Remote.at(text)
    return Folder(Path(os.path.abspath(where)))  # noqa: PTH100  (links are kept)


def is_url(text: str) -> bool:
    """Whether it names something that only fsspec reaches."""
    return "://" in text


def cube_of(path: str, is_there: Callable[[str], bool]) -> tuple[str, ...]:
    """As `Store.cube`."""
    files = face_files(Path(path), lambda other: is_there(other.as_posix()))
    return tuple(file.as_posix() for file in files.values()) if files is not None else ()


def make_folder(folder: Path) -> None:
    """Make a folder and those above it. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        said = output_error(folder, error)
        if isinstance(said, DiskFullError):
            raise said from error
        raise OutputError(f'The folder "{folder}" cannot be made: {error.strerror}.', "Choose another folder.") from error


def checksum(path: Path) -> str:
    """The SHA-256 of a file's content. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum_of_all(checksums: Iterable[str]) -> str:
    """One for a photo that lies in several files, from theirs; of one file its own."""
    each = list(checksums)
    return each[0] if len(each) == 1 else hashlib.sha256("".join(each).encode()).hexdigest()


def stamp_of_all(store: Store, paths: Iterable[str]) -> tuple[int, Stamp]:
    """As `Store.stamp`, of a photo that lies in several files. Raises OSError."""
    stamps = [store.stamp(path) for path in paths]
    if len(stamps) == 1:
        return stamps[0]
    known = all(stamp != "" for _, stamp in stamps)
    return sum(size for size, _ in stamps), " ".join(str(stamp) for _, stamp in stamps) if known else ""


def by_folder(paths: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Paths, gathered as `Store.photos` gives them."""
    folders: dict[str, list[str]] = {}
    for path in sorted(paths, key=lambda path: path.split("/")):
        folder, _, name = path.rpartition("/")
        folders.setdefault(f"{folder}/" if folder else "", []).append(name)
    yield from sorted(folders.items(), key=lambda pair: pair[0].split("/"))


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _photos(folder: Path, path: str, apart: set[Path], seen: set[Path], recursive: bool) -> Iterator[tuple[str, list[str]]]:
    """Depth first, in order of names. Links to folders are followed, to each folder once. Hidden ones are left alone."""
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    yield path, [entry.name for entry in listed if _is_photo(entry)]
    for entry in listed if recursive else ():
        if entry.is_dir() and not entry.name.startswith("."):
            inside = _resolved(Path(entry.path))
            if inside not in seen | apart:
                seen.add(inside)
                yield from _photos(Path(entry.path), f"{path}{entry.name}/", apart, seen, recursive)


def _is_photo(entry: os.DirEntry[str]) -> bool:
    """Results of an earlier run are none: they may lie in the photos' folder."""
    return is_photo_name(PurePosixPath(entry.name)) and entry.is_file() and not is_result(Path(entry.path))
