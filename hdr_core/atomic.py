"""A file appears under its name whole, or not at all. Standard library only: the client uses it inside Blender too."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .errors import DiskFullError, OutputError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}  # some network and FUSE file systems cannot sync a folder


def temporary_path(target: Path, pid: int) -> Path:
    """Where the process `pid` writes what will become `target`: beside it, so that the final rename is atomic."""
    return target.with_name(f".{target.name}.{pid}.tmp{target.suffix}")


@contextmanager
def replacing(target: Path, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Open a temporary file beside `target`; when the block ends well it is synced and takes the target's place.

    When the block fails in any way the temporary file is removed and `target` is as before. A symbolic link is
    replaced, not followed. Raises OutputError for every OSError, and when `target` exists and `overwrite` is False.
    """
    _check(target, overwrite)
    temporary = temporary_path(target, os.getpid())
    try:
        try:
            temporary.unlink(missing_ok=True)  # left by a killed process that had our pid
            with temporary.open("xb") as file:  # x: never through a link that somebody planted
                yield file
                file.flush()
                os.fsync(file.fileno())
            _check(target, overwrite)
            temporary.replace(target)
            _sync_folder(target.parent)
        finally:
            with suppress(OSError):  # the failure that brought us here matters more
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise output_error(target, error) from error


def _check(target: Path, overwrite: bool) -> None:
    try:
        possible = b"\0" not in os.fsencode(target)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise OutputError(f"{str(target)!r} is not a possible path.", "Choose another name.")
    try:
        if not target.parent.is_dir():
            raise OutputError(f'The folder "{target.parent}" does not exist.', "Create it, or choose another folder.")
        if target.is_dir():
            raise OutputError(f'"{target}" is a folder.', "Give the name of a file.")
        if not overwrite and os.path.lexists(target):
            raise OutputError(f'"{target}" exists already.', "Choose another name, or allow it to be overwritten.")
    except OSError as error:
        raise output_error(target, error) from error


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows has no such thing, and needs none after a replace
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def output_error(target: Path, error: OSError) -> OutputError:
    """What kept `target` from being written, in words."""
    if error.errno in _FULL:
        return DiskFullError(f'"{target}" cannot be written: the disk is full.', "Free some space, or choose another folder.")
    if error.errno == errno.EFBIG:
        return OutputError(
            f'"{target}" cannot be written: files of this size are not allowed there.',
            "Choose a folder on another disk, or raise the limit on file sizes.",
        )
    if error.errno in _FORBIDDEN:
        return OutputError(
            f'"{target}" cannot be written: {error.strerror}.',
            "Choose a folder that you may write to, and close programs that have the file open.",
        )
    if error.errno == errno.ENAMETOOLONG:
        return OutputError(f'The name "{target.name}" is too long.', "Choose a shorter name.")
    return OutputError(f'"{target}" cannot be written: {error.strerror or error}.', "Choose another file name or folder.")
