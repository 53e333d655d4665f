"""The one worker process of this Blender: started by the first conversion, warm until Blender or the extension ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import bpy

from ..hdr_core.client import Job, WorkerClient
from ..hdr_core.errors import HdrError
from ..hdr_core.runtime_install import installed_runtime
from ..hdr_core.worker_process import find_python
from . import chosen
from .runtime_folder import runtime_folder

_client: WorkerClient | None = None
_made_for: tuple[Path, int] | None = None  # the Python and the memory budget
_warming: Job[dict[str, str]] | None = None
_warmed_at: float | None = None  # by time.monotonic()


def worker() -> WorkerClient:
    """The worker's client, on the Python that the preferences, the environment or Blender itself names.

    Raises RuntimeMissingError where the one that is named does not exist.
    """
    global _client, _made_for
    made_for = chosen_worker()
    if _warming is not None:
        _warming.poll()  # what has been loaded keeps it busy no longer
    if _client is not None and made_for != _made_for and not _client.busy:
        close_worker()
    if _client is None:
        _client, _made_for = new_worker({}), made_for
    return _client


def chosen_worker() -> tuple[Path, int]:
    """The Python that a worker would have now, and its budget of GPU memory in MiB (0: what is free). Raises as `worker`."""
    return _chosen_python(), chosen.budget()


def new_worker(variables: Mapping[str, str]) -> WorkerClient:
    """Another client on the same Python, for work of its own, with `variables` in its environment. The caller closes it.

    Raises RuntimeMissingError as `worker` does.
    """
    python, budget = chosen_worker()
    return WorkerClient(python, extra_paths=_wheels(python), budget=budget, variables=variables)


def warm_up(*, pause: float = 0.0) -> None:
    """Let the worker load what a conversion needs: when a dialog opens, so that the user does not wait for it afterwards.

    pause: seconds after the last time before it is tried again, for who asks with every move of the mouse.
    What may be wrong with it is said when it is used.
    """
    global _warming, _warmed_at  # noqa: PLW0603
    if _warmed_at is not None and time.monotonic() - _warmed_at < pause:
        return
    _warmed_at = time.monotonic()
    with suppress(HdrError):
        client = worker()
        if not client.running:
            _warming = client.warm_up()


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


def torch_is_missing() -> bool:
    """Whether the network surely cannot run: Blender's own Python should, and torch lies nowhere that it looks. Quick."""
    try:
        python = _chosen_python()
    except HdrError:
        return False  # another Python is named: what is wrong with it is said when it is used
    if python != Path(sys.executable):
        return False
    return not any((folder / "torch").is_dir() for folder in (*_wheels(python), *map(Path, sys.path)))


def _chosen_python() -> Path:
    preferences = chosen.preferences()
    return find_python(preferences.python if preferences is not None else "")


def _wheels(python: Path) -> list[Path]:
    """Where the runtime's packages may lie for Blender's own Python; another Python has its own, and these might break it.

    What the user installed comes before what Blender unpacks from the wheels of extensions.
    """
    if python != Path(sys.executable):
        return []
    installed = installed_runtime(runtime_folder())
    return [*([installed] if installed else []), *_unpacked_wheels()]


def _unpacked_wheels() -> list[Path]:
    folder = Path(bpy.utils.user_resource("EXTENSIONS", path=".local")) / "lib"
    site_packages = folder / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    return [site_packages] if site_packages.is_dir() else []
