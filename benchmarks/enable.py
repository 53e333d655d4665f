"""How long enabling the extension takes, in every Blender here.

    python benchmarks/enable.py

Each time is taken in a fresh process, where nothing of the extension has been imported and its byte code is compiled. An empty
extension is enabled first: what Blender itself does at the first enabling (reading its repositories) is not the extension's.
Writes the figures into benchmarks/enable.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
RUNS = 9
LIMIT = 50.0  # ms

MEASURE = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import checkout
folder = Path(sys.argv[2])
checkout.link_checkout(folder)
empty = folder / "extensions" / "user_default" / "empty"
empty.mkdir()
(empty / "__init__.py").write_text("def register(): pass\\ndef unregister(): pass\\n")
manifest = (Path(sys.argv[1]).parent / "blender_manifest.toml").read_text()
(empty / "blender_manifest.toml").write_text(manifest.replace('id = "ldr_to_hdri"', 'id = "empty"').partition("[build]")[0])
import bpy
import addon_utils
addon_utils.enable("bl_ext.user_default.empty", default_set=True)
began = time.perf_counter()
checkout.enable()
print("milliseconds", 1000 * (time.perf_counter() - began))
checkout.disable()
"""


def enabling(python: Path) -> float:
    """Milliseconds that enabling takes in a fresh process of `python`."""
    with tempfile.TemporaryDirectory() as folder:
        command = [python, "-c", MEASURE, ROOT / "scripts", Path(folder) / "user"]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return next(float(line.split()[1]) for line in output.splitlines() if line.startswith("milliseconds"))


def main() -> int:
    blenders = sorted(ROOT.glob(".venv-bpy-*/bin/python"))
    if not blenders:
        sys.exit("No Blender found. Set up the bpy environments (.venv-bpy-*) first: make setup")
    rows, slow = [], False
    for python in blenders:
        enabling(python)  # compiles the byte code
        times = sorted(enabling(python) for _ in range(RUNS))
        slow |= median(times) >= LIMIT
        name = python.parents[1].name.removeprefix(".venv-bpy-")
        print(f"bpy {name}: {median(times):.1f} ms (from {times[0]:.1f} to {times[-1]:.1f}, {RUNS} runs)", flush=True)
        rows.append(f"| {name} | {median(times):.1f} | {times[0]:.1f} | {times[-1]:.1f} |")
    Path(__file__).with_suffix(".md").write_text(REPORT.format(runs=RUNS, limit=LIMIT, rows="\n".join(rows)))
    return int(slow)


REPORT = """# Enabling the extension

Milliseconds, of {runs} fresh processes each; less than {limit:.0f} is wanted. Made by `python benchmarks/enable.py`, which also
says what is measured.

| bpy | median | least | most |
| --- | --- | --- | --- |
{rows}
"""

if __name__ == "__main__":
    sys.exit(main())
