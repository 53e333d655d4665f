"""The one worker process of this Blender: started by the first conversion, warm until Blender or the extension ends."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

from ..hdr_core.client import WorkerClient, find_python
from . import chosen

_client: WorkerClient | None = None
_made_for: tuple[Path, int] | None = None  # the Python and the memory budget


def worker() -> WorkerClient:
    """The worker's client, on the Python that the preferences, the environment or Blender itself names.

    Raises RuntimeMissingError where the one that is named does not exist.
    """
    global _client, _made_for
    preferences = chosen.preferences()
    python = find_python(preferences.python if preferences is not None else "")
    budget = chosen.budget()
    if _client is not None and (python, budget) != _made_for and not _client.busy:
        close_worker()
    if _client is None:
        _client, _made_for = WorkerClient(python, extra_paths=_wheels(python), budget=budget), (python, budget)
    return _client


def cancel_work() -> None:
    """Stop what the worker does, at once."""
    if _client is not None:
        _client.cancel()


def close_worker() -> None:
    """End the process. Safe to call twice; the next `worker()` may start another."""
    global _client  # noqa: PLW0603
    if _client is not None:
        _client.close()
        _client = None


def _wheels(python: Path) -> list[Path]:
    """Where Blender unpacks the wheels of extensions: they fit Blender's own Python, and might break another."""
    if python != Path(sys.executable):
        return []
    folder = Path(bpy.utils.user_resource("EXTENSIONS", path=".local")) / "lib"
    site_packages = folder / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    return [site_packages] if site_packages.is_dir() else []
