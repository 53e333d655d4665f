"""The one worker process of this Blender: started by the first conversion, warm until Blender or the extension ends."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

from ..hdr_core.client import WorkerClient, find_python

_EXTENSION = __package__.rpartition(".")[0]

_client: WorkerClient | None = None
_python: Path | None = None


def worker() -> WorkerClient:
    """The worker's client, on the Python that the preferences, the environment or Blender itself names.

    Raises RuntimeMissingError where the one that is named does not exist.
    """
    global _client, _python
    addon = bpy.context.preferences.addons.get(_EXTENSION)
    python = find_python(addon.preferences.python if addon is not None else "")
    if _client is not None and python != _python:
        close_worker()
    if _client is None:
        _client, _python = WorkerClient(python, extra_paths=_wheels(python)), python
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
