"""What came of a library, as report.json and report.html: all runs together, read from the journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..atomic import replacing
from ..version import __version__
from .outcomes import Outcomes
from .page import draw_page
from .places import Places
from .plan import Plan
from .settings import LibrarySettings
from .work import ContactSheet

DrawSheets = Callable[[list[Mapping[str, object]]], None]

_STRIPS = 60  # on a page of the contact sheet
_STRIPS_IN_ALL = 1200


def write_reports(
    places: Places, plan: Plan, settings: LibrarySettings, reason: str, *, draw_sheets: DrawSheets | None = None
) -> None:
    """Write both reports into the records, each whole or not at all, and the contact sheet where `draw_sheets` can draw it.

    reason: how the last run ended, "finished" or "stopped". Raises OutputError.
    """
    outcomes = Outcomes(places.records, plan)
    facts = _facts(places, plan, settings, reason, outcomes)
    if draw_sheets is not None:
        pages = _pages(places, outcomes)
        draw_sheets(pages)
        facts["contact_sheets"] = [Path(str(page["output"])).name for page in pages]
    with replacing(places.records / "report.json", overwrite=True) as file:
        file.write(json.dumps(facts, indent=1).encode("ascii").removesuffix(b"\n}"))
        before = b',\n "photos": [\n'
        for photo in outcomes.each():
            file.write(before + json.dumps(photo).encode("ascii"))
            before = b",\n"
        file.write(b"\n]}\n")
    with replacing(places.records / "report.html", overwrite=True) as file:
        for part in draw_page(facts, outcomes, places):
            file.write(part.encode("utf-8", "replace"))


def _facts(places: Places, plan: Plan, settings: LibrarySettings, reason: str, outcomes: Outcomes) -> dict[str, Any]:
    """All of the report but its photos, as plain data."""
    return {
        "software": __version__,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "reason": reason,
        "source": str(places.source),
        "target": str(places.target),
        "settings": asdict(settings),
        "runs": outcomes.runs,
        "statistics": outcomes.numbers,
        "left_out": [{"source": source, "why": why} for source, why in plan.left_out],
    }


def _pages(places: Places, outcomes: Outcomes) -> list[Mapping[str, object]]:
    """The pages of the contact sheet, as requests."""
    done = [photo["source"] for photo in outcomes.done(_STRIPS_IN_ALL)]
    starts = range(0, len(done), _STRIPS)
    pages: list[Mapping[str, object]] = []
    for number, start in enumerate(starts, 1):
        strips = tuple((str(places.thumbnail(source)), source) for source in done[start : start + _STRIPS])
        name = "contact-sheet.png" if len(starts) == 1 else f"contact-sheet-{number:02d}.png"
        title = f"{places.target.name}: photo, photo 4 EV darker, result 4 EV darker ({number} of {len(starts)})"
        pages.append(asdict(ContactSheet(str(places.records / name), title, strips, overwrite=False)))
    return pages
