"""What a worker does for libraries, by the names of its operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..runtime import require
from ..settings import Progress
from .produce import produce
from .work import ContactSheet, Work

OPERATIONS = ("produce", "contact", "devices")


@dataclass(frozen=True)
class Task:
    """outputs: the files that it may write; run: does it, and returns the answer, plain."""

    outputs: tuple[Path, ...]
    run: Callable[[Progress], dict[str, Any]]


def task(request: Mapping[str, Any]) -> Task:
    """What a request asks for. Raises KeyError or TypeError where it cannot be read."""
    match request["op"]:
        case "produce":
            work = Work.from_plain(request["work"])
            return Task(work.written, lambda progress: produce(work, progress).plain())
        case "contact":
            sheet = ContactSheet.from_plain(request["sheet"])
            return Task((Path(sheet.output),), lambda _: _contact(sheet))
        case _:
            return Task((), lambda _: _devices())


def _contact(sheet: ContactSheet) -> dict[str, Any]:
    for module in ("numpy", "pyvips"):
        require(module)
    from .contact import draw_contact_sheet

    draw_contact_sheet(sheet)
    return {}


def _devices() -> dict[str, Any]:
    """What the network can run on here: the number of GPUs."""
    return {"gpus": require("torch").cuda.device_count()}
