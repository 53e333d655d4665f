"""A lock that ends with the process that holds it, however that ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from ..errors import OutputError


def lock_file(path: Path) -> BinaryIO:
    """Take the lock at `path` until the returned file is closed. Raises OutputError where another process holds it, OSError."""
    file = path.open("ab")
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except (BlockingIOError, PermissionError) as error:
        file.close()
        raise OutputError(
            f'Another run is writing to "{path.parent}".', "Wait for its end, stop it, or give this run other records."
        ) from error
    except OSError:
        file.close()
        raise
    return file
