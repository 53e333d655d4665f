"""What a process that was stopped in the middle leaves beside its output, removed by whoever survives it."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from .atomic import temporary_path


def remove_temporary(target: Path, pid: int, *, patience: float = 2.0) -> None:
    """Remove the file, or the folder, in which process `pid` was writing `target`, if there is one.

    Windows refuses to remove a file that is still open: this tries for `patience` seconds, then leaves it.
    """
    leftover = temporary_path(target, pid)
    until = time.monotonic() + patience
    while os.path.lexists(leftover):
        try:
            if leftover.is_dir() and not leftover.is_symlink():
                shutil.rmtree(leftover)
            else:
                leftover.unlink(missing_ok=True)
        except OSError:
            if time.monotonic() > until:
                return
            time.sleep(0.05)
