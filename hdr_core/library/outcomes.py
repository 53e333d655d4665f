"""What came of a plan's photos, looked up in the journal when it is asked for: that of a million does not fit in memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from .journal import NAME, entry_at, placed_entries
from .plan import Plan


class Outcomes:
    """runs: of the batch, with what each did. numbers: counts and sums over the photos' last outcomes, and means."""

    def __init__(self, records: Path, plan: Plan) -> None:
        self._journal = records / NAME
        self._last: dict[str, tuple[bool, int] | None] = {item.source: None for item in plan.items}
        self.runs: list[dict[str, Any]] = []
        for place, entry in placed_entries(records):
            self._take_in(place, entry)
        self.numbers = self._numbers(records)

    def each(self) -> Iterator[dict[str, Any]]:
        """The last entry of each photo, in the plan's order, with its "outcome": done, failed, or open."""
        return self._read(iter(self._last))

    def failed(self) -> Iterator[dict[str, Any]]:
        return self._read(source for source, last in self._last.items() if last is not None and not last[0])

    def done(self, most: int) -> Iterator[dict[str, Any]]:
        """The first so many."""
        return self._read(islice((source for source, last in self._last.items() if last is not None and last[0]), most))

    def _take_in(self, place: int, entry: dict[str, Any]) -> None:
        event = entry["event"]
        if event == "run":
            run = {"began": entry.get("time"), "ended": None, "reason": "killed", "done": 0, "failed": 0, "seconds": 0.0}
            self.runs.append(run)
        elif event == "end" and self.runs:
            self.runs[-1].update(ended=entry.get("time"), reason=entry.get("reason"))
        elif event in ("done", "failed") and self.runs:
            self.runs[-1][event] += 1
            self.runs[-1]["seconds"] += entry.get("seconds", 0.0)
            if entry.get("source") in self._last:
                self._last[entry["source"]] = event == "done", place

    def _read(self, sources: Iterator[str]) -> Iterator[dict[str, Any]]:
        if not any(self._last.values()):
            yield from ({"source": source, "outcome": "open"} for source in sources)
            return
        with self._journal.open("rb") as journal:
            for source in sources:
                last = self._last[source]
                if last is None:
                    yield {"source": source, "outcome": "open"}
                else:
                    entry = entry_at(journal, last[1])
                    outcome = entry.pop("event")
                    yield {**entry, "outcome": outcome}

    def _numbers(self, records: Path) -> dict[str, Any]:
        outcomes = [last[0] if last is not None else None for last in self._last.values()]
        done = outcomes.count(True)
        kinds: dict[str, int] = {}
        tags: dict[str, int] = {}
        devices: set[str] = set()
        sums = dict.fromkeys(
            ("files", "bytes_read", "bytes_written", "megapixels", "seconds", "range_before", "range_after", "restored_share"),
            0.0,
        )
        for place, entry in placed_entries(records):
            if self._last.get(entry.get("source", "")) != (True, place):
                continue
            product, conversion = entry["product"], entry["product"]["conversion"]
            kinds[conversion["projection"]] = kinds.get(conversion["projection"], 0) + 1
            for tag in product["tags"]:
                tags[tag] = tags.get(tag, 0) + 1
            devices.add(conversion["device"])
            sums["files"] += len(product["files"])
            sums["bytes_read"] += product["bytes"]
            sums["bytes_written"] += sum(file["bytes"] for file in product["files"])
            sums["megapixels"] += conversion["width"] * conversion["height"] / 1e6
            sums["seconds"] += entry["seconds"]
            for name in ("range_before", "range_after", "restored_share"):
                sums[name] += conversion[name] / done
        whole = {name: int(sums.pop(name)) for name in ("files", "bytes_read", "bytes_written")}
        means = {name: sums.pop(name) if done else None for name in ("range_before", "range_after", "restored_share")}
        return {
            "photos": len(outcomes),
            "done": done,
            "failed": outcomes.count(False),
            "open": outcomes.count(None),
            "projections": kinds,
            "tags": tags,
            **whole,
            **sums,
            **means,
            "devices": sorted(devices),
        }
