"""Makes hostile files, and has the worker convert every one of them: make hostile

    python scripts/hostile.py [--folder build/hostile] [--decoder]

At least 300 files and paths: truncated and bit-flipped pictures of every format, bombs, odd sizes, wrong suffixes, broken
profiles and EXIF, odd names, links, devices and pipes. Each must be answered by a result, or by an error that says what to do,
within SECONDS of computing; the worker may not die, may not grow beyond MEMORY, and may write nothing but its output.
Prints what it saw.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "scripts" / "soak")]

from common import worker  # noqa: E402
from hostile_files import make  # noqa: E402

from hdr_core.errors import HdrError  # noqa: E402
from hdr_core.settings import ConvertSettings  # noqa: E402

SECONDS = 10.0
PATIENCE = 180.0  # seconds of the clock, on however busy a machine
MEMORY = 3 * 2**30  # bytes; torch and the weights take about 1 GiB of it


def memory(pid: int) -> int:
    """The most that the process has had in memory, in bytes (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) * 1024


def busy(pid: int) -> float:
    """Seconds that the process has computed (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(paths: list[Path], results: Path) -> int:
    """Convert all; returns how many broke the rules."""
    results.mkdir(parents=True, exist_ok=True)
    client = worker()
    client.hello().wait()
    pid, slowest, answers, broken = client.pid, (0.0, ""), Counter[str](), []
    for number, path in enumerate(paths):
        output = results / f"{number}.exr"
        before = {entry.name for entry in results.iterdir()}
        began, computed = time.monotonic(), busy(client.pid or 0)
        job = client.convert(path, output, ConvertSettings("flat"))
        while not job.poll() and time.monotonic() - began < PATIENCE:
            time.sleep(0.005)
        took = busy(client.pid) - computed if client.pid == pid else time.monotonic() - began
        slowest = max(slowest, (took, path.name[:60]))
        try:
            job.result()
            answers["converted"] += 1
        except HdrError as error:
            answers[type(error).__name__] += 1
            if type(error).__name__ == "WorkerError" or not error.next_step:
                broken.append(f"{path.name[:60]!r}: {error}")
        except RuntimeError:
            broken.append(f"{path.name[:60]!r}: no answer")
            client.cancel()
        if took > SECONDS:
            broken.append(f"{path.name[:60]!r}: {took:.1f} s")
        if {entry.name for entry in results.iterdir()} - before - {output.name}:
            broken.append(f"{path.name[:60]!r}: wrote something else")
        if client.pid != pid:
            broken.append(f"{path.name[:60]!r}: the worker died")
            client.hello().wait()
            pid = client.pid
    peak = memory(pid or 0)
    client.close()
    if peak > MEMORY:
        broken.append(f"memory: {peak / 2**20:.0f} MiB")
    print(f"{len(paths)} files: {dict(answers)}; slowest {slowest[0]:.1f} s ({slowest[1]!r}); peak {peak / 2**20:.0f} MiB")
    print("\n".join(broken) or "none broke a rule")
    return len(broken)


def decode(paths: list[Path]) -> int:
    """Read all by the decoder alone, in this process: quick, because no network runs. Returns how many broke the rules."""
    from hdr_core.photo import read_source

    answers, broken, slowest = Counter[str](), [], (0.0, "")
    for path in paths:
        began = time.monotonic()
        try:
            read_source(path)
            answers["read"] += 1
        except HdrError as error:
            answers[type(error).__name__] += 1
        except Exception as error:  # noqa: BLE001  (what this looks for)
            broken.append(f"{path.name[:60]!r}: {type(error).__name__}: {error}")
        slowest = max(slowest, (time.monotonic() - began, path.name[:60]))
        if time.monotonic() - began > SECONDS:
            broken.append(f"{path.name[:60]!r}: {time.monotonic() - began:.1f} s")
    peak, apart = memory(os.getpid()), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    if max(peak, apart) > MEMORY:
        broken.append(f"memory: {peak / 2**20:.0f} MiB, {apart / 2**20:.0f} MiB in libheif's process")
    print(f"{len(paths)} files: {dict(answers)}; slowest {slowest[0]:.1f} s ({slowest[1]!r}); peak {peak / 2**20:.0f} MiB")
    print(f"libheif's own process: at most {apart / 2**20:.0f} MiB")
    print("\n".join(broken) or "none broke a rule")
    return len(broken)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "hostile")
    parser.add_argument("--decoder", action="store_true", help="the decoder alone, without the worker: quick")
    options = parser.parse_args()
    files = make(options.folder / "files")
    sys.exit(min(decode(files) if options.decoder else run(files, options.folder / "results"), 1))
