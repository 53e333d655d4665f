"""The journal: what was done, a line of JSON each, appended and synced. What is in it survives a kill and a power cut.

    {"event": "run", "time": ..., "software": ..., "source": ..., "settings": {...}}
    {"event": "start", "source": "a/plaza.jpg", "pid": 4711}
    {"event": "done", "source": "a/plaza.jpg", "signature": ..., "product": {...}, "seconds": ...}
    {"event": "failed", "source": "a/bad.jpg", "error": "PhotoError", "problem": ..., "next_step": ...}
    {"event": "end", "reason": "finished"}

A line that a crash left unfinished is passed over, and the next one begins on a line of its own. Nothing is ever taken out.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from ..atomic import output_error
from ..errors import OutputError
from .lock import lock_file

NAME = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Done:
    """A photo that was converted: what decides whether that still holds, and where its files are, with their sizes in bytes."""

    signature: str
    sha256: str
    bytes: int
    stamp: int | str
    files: tuple[tuple[str, int, str], ...]


@dataclass
class History:
    """What earlier runs did. done: by source; begun: process ids that began a photo and were not heard of again."""

    done: dict[str, Done] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)

    def add(self, entry: Mapping[str, Any]) -> None:
        match entry["event"]:
            case "start":
                self.begun[entry["source"]] = entry["pid"]
            case "done":
                product = entry["product"]
                files = tuple((made["path"], made["bytes"], made["sha256"]) for made in product["files"])
                signature = sys.intern(entry["signature"])  # a million photos have few
                facts = Done(signature, product["sha256"], product["bytes"], entry["stamp"], files)
                self.done[entry["source"]] = facts
                self.begun.pop(entry["source"], None)
            case "failed":
                self.begun.pop(entry["source"], None)


def read_entries(folder: Path) -> Iterator[dict[str, Any]]:
    """The entries of the journal in `folder`, the oldest first; none where there is no journal. Raises OutputError."""
    for _, entry in placed_entries(folder):
        yield entry


def placed_entries(folder: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """As `read_entries`, each with its place in the file, for `entry_at`."""
    try:
        with (folder / NAME).open("rb") as file:
            at = 0
            for line in file:
                entry = _entry(line)
                if entry is not None:
                    yield at, entry
                at += len(line)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(
            f'The journal "{folder / NAME}" cannot be read: {error.strerror}.', "Make it readable, or choose other records."
        ) from error


def entry_at(journal: BinaryIO, place: int) -> dict[str, Any]:
    """The entry at a place of the journal's file, as `placed_entries` gave it."""
    journal.seek(place)
    return json.loads(journal.readline())


def read_history(folder: Path) -> History:
    """What the journal in `folder` says was done."""
    history = History()
    for entry in read_entries(folder):
        try:
            history.add(entry)
        except (KeyError, TypeError):  # of another version: what it says was done is done again
            continue
    return history


class Journal:
    """The journal of a run, open for appending. One run at a time may have it; the next waits for none, and is refused."""

    def __init__(self, folder: Path) -> None:
        """Open the journal in `folder`, which is made. Raises OutputError where it cannot be, or another run has it."""
        self.path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock: BinaryIO = lock_file(folder / "lock")
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
            self._torn = not _ends_with_a_line(self._file)
        except OSError as error:
            raise output_error(self.path, error) from error

    def append(self, event: str, *, durable: bool = True, **fields: object) -> None:
        """Add an entry; durable: it is on the disk when this returns. Raises OutputError, and then the entry does not count."""
        line = json.dumps({"event": event, **fields}, separators=(",", ":")).encode("ascii") + b"\n"
        try:
            rest = memoryview((b"\n" if self._torn else b"") + line)
            self._torn = True  # until all is written: a disk that gets full takes what fits
            while rest:
                rest = rest[os.write(self._file, rest) :]
            self._torn = False
            if durable:
                os.fsync(self._file)
        except OSError as error:
            raise output_error(self.path, error) from error

    def close(self) -> None:
        os.close(self._file)
        self._lock.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()


def _ends_with_a_line(file: int) -> bool:
    if os.lseek(file, 0, os.SEEK_END) == 0:
        return True
    os.lseek(file, -1, os.SEEK_END)
    return os.read(file, 1) == b"\n"


def _entry(line: bytes) -> dict[str, Any] | None:
    """The entry of a line; None for one that a crash left unfinished."""
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "event" in entry else None
