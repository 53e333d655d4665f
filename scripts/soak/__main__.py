"""Everything that may go wrong while photos are converted, over and over: make soak (about an hour on two cores)

    python scripts/soak [NAME ...] [--count N] [--seed N]

Prints a line a soak, with what was seen, and keeps them in build/soak/figures.txt. The exit code is 1 where one shows a fault.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import shutil
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, Fault

NAMES = (
    "power_cut",
    "full_disk",
    "other_disks",
    "moving_source",
    "clock",
    "two_blenders",
    "full_gpu",
    "no_network",
    "kills",
    "thousand",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--count", type=int, help="how often, for the soaks that repeat one thing")
    parser.add_argument("--seed", type=int, help="of the random moments")
    options = parser.parse_args()
    figures = ROOT / "build" / "soak" / "figures.txt"
    figures.parent.mkdir(parents=True, exist_ok=True)
    faults = 0
    for name in options.names or NAMES:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=f"soak_{name}_") as folder:
            (place := Path(folder) / "work").mkdir()
            try:
                soak = importlib.import_module(name).run
                chosen = {
                    key: getattr(options, key) for key in inspect.signature(soak).parameters if getattr(options, key, None)
                }
                said = soak(place, **chosen)
            except Fault as fault:
                said, faults = f"FAULT: {fault}", faults + 1
            for table in Path(folder).glob("*.csv"):
                shutil.move(table, figures.with_name(table.name))
        line = f"{name} ({time.monotonic() - began:.0f} s): {said}"
        print(line, flush=True)
        with figures.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
