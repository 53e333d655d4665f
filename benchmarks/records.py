"""What the machine that starts a very large batch has to carry: plan, journal and reports of photos that others convert.

    .venv/bin/python benchmarks/records.py JOURNAL [--photos 100000]

JOURNAL: of a batch, with at least one photo done, whose entry is written anew for every photo.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hdr_core.library.journal import NAME, read_history
from hdr_core.library.places import Places
from hdr_core.library.plan import Item, Output, Plan
from hdr_core.library.report import write_reports
from hdr_core.library.settings import LibrarySettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("journal", type=Path)
    parser.add_argument("--photos", type=int, default=100_000)
    options = parser.parse_args()
    entries = [json.loads(text) for text in options.journal.read_text(encoding="ascii").splitlines()]
    done = next(entry for entry in entries if entry["event"] == "done")
    with tempfile.TemporaryDirectory(prefix="benchmark_records_") as folder:
        places = Places.of(Path(folder) / "photos", Path(folder) / "hdris", None)
        places.records.mkdir()
        names = [f"{number // 1000:04d}/{number:07d}.jpg" for number in range(options.photos)]
        with (places.records / NAME).open("w", encoding="ascii") as journal:
            journal.write(json.dumps(next(entry for entry in entries if entry["event"] == "run")) + "\n")
            for name in names:
                journal.write(json.dumps({**done, "source": name}, separators=(",", ":")) + "\n")
        print(f"journal: {(places.records / NAME).stat().st_size / options.photos:.0f} bytes a photo")
        items = measured("plan", lambda: tuple(item(name) for name in names))
        history = measured("history", lambda: read_history(places.records))
        measured("reports", lambda: write_reports(places, Plan(items, ()), LibrarySettings(), "finished"))
        print(f"{len(history.done)} photos done")


def item(name: str) -> Item:
    return Item(name, "auto", (Output(f"{name.removesuffix('.jpg')}.exr", "original", "exr"),), None)


def measured(what: str, work: Callable[[], Any]) -> Any:
    began = time.process_time()
    result = work()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {time.process_time() - began:.1f} s of processor time, {most:.0f} MiB at most so far", flush=True)
    return result


if __name__ == "__main__":
    main()
