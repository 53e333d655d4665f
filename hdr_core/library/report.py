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
from .journal import read_entries
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
    facts = gather(places, plan, settings, reason)
    if draw_sheets is not None:
        pages = _pages(places, facts)
        draw_sheets(pages)
        facts["contact_sheets"] = [Path(str(page["output"])).name for page in pages]
    with replacing(places.records / "report.json", overwrite=True) as file:
        file.write(json.dumps(facts, indent=1).encode("ascii") + b"\n")
    with replacing(places.records / "report.html", overwrite=True) as file:
        for part in draw_page(facts, places):
            file.write(part.encode("utf-8", "replace"))


def gather(places: Places, plan: Plan, settings: LibrarySettings, reason: str) -> dict[str, Any]:
    """The report as plain data. `photos`: one for each of the plan, with its last outcome: done, failed, or open."""
    last: dict[str, dict[str, Any]] = {item.source: {"source": item.source, "outcome": "open"} for item in plan.items}
    runs: list[dict[str, Any]] = []
    for entry in read_entries(places.records):
        event, source = entry.pop("event"), entry.get("source")
        if event == "run":
            runs.append({"began": entry.get("time"), "ended": None, "reason": "killed", "done": 0, "failed": 0, "seconds": 0.0})
        elif event == "end" and runs:
            runs[-1].update(ended=entry.get("time"), reason=entry.get("reason"))
        elif event in ("done", "failed") and runs:
            runs[-1][event] += 1
            runs[-1]["seconds"] += entry.get("seconds", 0.0)
            if source in last:
                last[source] = {**entry, "outcome": event}
    photos = list(last.values())
    return {
        "software": __version__,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "reason": reason,
        "source": str(places.source),
        "target": str(places.target),
        "settings": asdict(settings),
        "runs": runs,
        "statistics": _statistics(photos),
        "left_out": [{"source": source, "why": why} for source, why in plan.left_out],
        "photos": photos,
    }


def _statistics(photos: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts, and of the photos that are done sums and means."""
    done = [photo for photo in photos if photo["outcome"] == "done"]
    products = [photo["product"] for photo in done]
    made = [file for product in products for file in product["files"]]
    conversions = [product["conversion"] for product in products]
    kinds: dict[str, int] = {}
    for conversion in conversions:
        kinds[conversion["projection"]] = kinds.get(conversion["projection"], 0) + 1
    tags: dict[str, int] = {}
    for product in products:
        for tag in product["tags"]:
            tags[tag] = tags.get(tag, 0) + 1

    def mean(name: str) -> float | None:
        return sum(conversion[name] for conversion in conversions) / len(conversions) if conversions else None

    return {
        "photos": len(photos),
        "done": len(done),
        "failed": sum(photo["outcome"] == "failed" for photo in photos),
        "open": sum(photo["outcome"] == "open" for photo in photos),
        "projections": kinds,
        "tags": tags,
        "files": len(made),
        "bytes_read": sum(product["bytes"] for product in products),
        "bytes_written": sum(file["bytes"] for file in made),
        "megapixels": sum(conversion["width"] * conversion["height"] for conversion in conversions) / 1e6,
        "seconds": sum(photo["seconds"] for photo in done),
        "range_before": mean("range_before"),
        "range_after": mean("range_after"),
        "restored_share": mean("restored_share"),
        "devices": sorted({conversion["device"] for conversion in conversions}),
    }


def _pages(places: Places, facts: Mapping[str, Any]) -> list[Mapping[str, object]]:
    """The pages of the contact sheet, as requests."""
    done = [photo["source"] for photo in facts["photos"] if photo["outcome"] == "done"][:_STRIPS_IN_ALL]
    starts = range(0, len(done), _STRIPS)
    pages: list[Mapping[str, object]] = []
    for number, start in enumerate(starts, 1):
        strips = tuple((str(places.thumbnail(source)), source) for source in done[start : start + _STRIPS])
        name = "contact-sheet.png" if len(starts) == 1 else f"contact-sheet-{number:02d}.png"
        title = f"{places.target.name}: photo, photo 4 EV darker, result 4 EV darker ({number} of {len(starts)})"
        pages.append(asdict(ContactSheet(str(places.records / name), title, strips, overwrite=False)))
    return pages
