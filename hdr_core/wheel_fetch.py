"""Downloads one large wheel by what pip knows of index, proxy, password and certificates, and goes on where the last try ended.

    python wheel_fetch.py NAME FOLDER/WHEEL SIZE SHA256        in a Python that can import pip

WHEEL.partial grows meanwhile; WHEEL.partial.version is what the server calls it (ETag or date), so that two versions are never
mixed. WHEEL appears once its SHA-256 is right. Exit code UNABLE: this pip offers no way, or no server has the wheel;
1: it broke off, or is not the wheel, as the output says. Ends with its standard input, and so with its parent.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Any

UNABLE = 3
_RETRIES = 3  # in a row that bring nothing
_PIECE = 2**14  # bytes; so much is lost at most


class Broken(Exception):
    """The connection gave no more; it may later."""


class Refused(Exception):
    """The server does not give it, or gave something else."""


def partial_of(wheel: Path) -> Path:
    """Where a wheel grows that is on its way."""
    return wheel.with_name(wheel.name + ".partial")


def fetch(session: Any, url: str, wheel: Path, size: int, sha256: str) -> None:
    """session: of requests. Raises Broken, Refused, and OSError where the disk does not take it. What has arrived stays."""
    partial, idle = partial_of(wheel), 0
    while (begun := _size(partial)) < size:
        try:
            _receive(session, url, partial)
            if _size(partial) < size:
                raise Broken("IncompleteRead: the answer ended prematurely")
        except Broken:
            idle = 0 if _size(partial) > begun else idle + 1
            if idle > _RETRIES:
                raise
            time.sleep(0.5 * 2**idle)
    with partial.open("rb") as whole:
        right = hashlib.file_digest(whole, "sha256").hexdigest() == sha256
    _version_of(partial).unlink(missing_ok=True)
    if not right:
        partial.unlink()
        raise Refused("hash mismatch")
    partial.replace(wheel)


def _receive(session: Any, url: str, partial: Path) -> None:
    from pip._vendor.requests import RequestException

    begun, version = _size(partial), _version_of(partial)
    headers = {"Accept-Encoding": "identity"}
    if begun:
        headers["Range"] = f"bytes={begun}-"
        if version.exists():
            headers["If-Range"] = version.read_text("ascii")
    try:
        with session.get(url, headers=headers, stream=True) as answer:
            if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                partial.unlink(missing_ok=True)
                raise Broken("the server has less of the file than has arrived")
            if answer.status_code not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                raise Refused(f"HTTP error {answer.status_code}: {answer.reason}")
            goes_on = answer.status_code == HTTPStatus.PARTIAL_CONTENT
            if goes_on and not answer.headers.get("Content-Range", "").startswith(f"bytes {begun}-"):
                raise Refused("the server sent another part of the file than it was asked for")
            if not goes_on:
                _remember(version, answer.headers)
            _write(answer.iter_content(_PIECE), partial, "ab" if goes_on else "wb")
    except RequestException as error:
        raise Broken(f"{type(error).__name__}: {error}") from error


def _write(pieces: Iterable[bytes], partial: Path, mode: str) -> None:
    with partial.open(mode) as file:
        for piece in pieces:
            file.write(piece)


def _remember(version: Path, headers: Any) -> None:
    """A weak ETag does not say that the bytes are the same."""
    tag = headers.get("ETag", "")
    name = tag if tag.startswith('"') else headers.get("Last-Modified", "")
    if name and name.isascii():
        version.write_text(name, "ascii")
    else:
        version.unlink(missing_ok=True)


def _version_of(partial: Path) -> Path:
    return partial.with_name(partial.name + ".version")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _find(stack: ExitStack, name: str, wheel: str, sha256: str) -> tuple[Any, str]:
    """pip's session, and where the wheel lies. This is pip's inside, which may change: LookupError where it has."""
    try:
        from pip._internal.commands import create_command

        command: Any = create_command("download")
        options, _ = command.parse_args([name, "--only-binary", ":all:", "--retries", "3", "--timeout", "30"])
        stack.enter_context(command.main_context())
        session = command.get_default_session(options)
        finder = command._build_package_finder(options=options, session=session)
        links = [candidate.link for candidate in finder.find_all_candidates(name)]
        same = [link for link in links if link.hash == sha256 or (not link.hash and link.filename == wheel)]
        found = [link.url_without_fragment for link in same]
    except Exception as error:
        raise LookupError(f"{type(error).__name__}: {error}") from error
    if not found or not found[0].startswith(("http://", "https://")):
        raise LookupError("no server has it")
    return session, found[0]


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(1)


def main(name: str, wheel: str, size: str, sha256: str) -> int:
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        with ExitStack() as stack:
            session, url = _find(stack, name, Path(wheel).name, sha256)
            fetch(session, url, Path(wheel), int(size), sha256)
    except LookupError as error:
        print(error)
        return UNABLE
    except (Broken, Refused, OSError) as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
