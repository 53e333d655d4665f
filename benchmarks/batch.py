"""Throughput of batches, how it grows with workers, and how much memory they take as they go on.

    .venv/bin/python benchmarks/batch.py [--photos 200] [--workers 1 2] [--width 1024] [--plot memory.svg]

Half of the photos are panoramas, half flat pictures. Prints photos a minute for each number of workers, and the memory of all
processes at ten moments of the run; with --plot these go into a picture, too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hdr_core.library import Batch, LibrarySettings
from hdr_core.library.journal import read_entries
from hdr_core.sheet.png import encode_png

MOMENTS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--width", type=int, default=1024, help="of the panoramas; the flat pictures have as many pixels")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    curves = {}
    with tempfile.TemporaryDirectory(prefix="benchmark_batch_") as folder:
        source = Path(folder) / "photos"
        take_photos(source, options.photos, options.width)
        for workers in options.workers:
            curves[workers] = measure(source, Path(folder) / f"results_{workers}", workers)
    if options.plot is not None:
        options.plot.write_text(plot(curves), encoding="utf-8")


def take_photos(folder: Path, count: int, width: int) -> None:
    """Noisy gradients with a light that clips, each elsewhere."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(count):
        height, across = (width // 2, width) if number % 2 else (round(width * 0.61), round(width * 0.82))
        y, x = np.mgrid[0:height, 0:across]
        light = np.exp(-((x - rng.integers(across)) ** 2 + (y - rng.integers(height)) ** 2) / (width / 30) ** 2) * 500
        pixels = np.stack([40 + 150 * x / across, 60 + 120 * y / height, 170 - 90 * y / height], -1)
        pixels = pixels + light[..., None] + rng.normal(0, 3, pixels.shape)
        (folder / f"{number:05d}.png").write_bytes(encode_png(pixels.clip(0, 255).astype(np.uint8)))


def measure(source: Path, target: Path, workers: int) -> list[tuple[int, float]]:
    """Run a batch; returns how many photos were done, and the memory of all its processes then, in MiB, at many moments."""
    seen: list[tuple[int, float]] = []
    pids: set[str] = set()
    first = last = time.monotonic()
    with Batch(source, target, LibrarySettings(), workers=workers) as batch:
        while not batch.poll():
            done = batch.snapshot().done
            if not seen or done > seen[-1][0]:
                last = time.monotonic()
                first = last if done <= workers else first  # starting the processes is no throughput
                if done <= 2 * workers:  # later they are the same
                    pids = {str(entry["pid"]) for entry in read_entries(batch.places.records) if entry["event"] == "start"}
                seen.append((done, sum(map(resident, ["self", *pids]))))
            time.sleep(0.02)
        done = batch.snapshot().done
    rate = 60 * (seen[-1][0] - workers) / (last - first) if last > first else float("nan")
    print(f"{workers} workers: {done} photos, {rate:.1f} a minute; MiB of memory by photos done:", flush=True)
    moments = seen[:: max(1, len(seen) // MOMENTS)]
    print("  " + ", ".join(f"{photos}: {mib:.0f}" for photos, mib in moments), flush=True)
    return seen


def resident(pid: str) -> float:
    """Resident memory of a process, in MiB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has ended
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0.0)


def plot(curves: dict[int, list[tuple[int, float]]]) -> str:
    """Memory over photos, as SVG."""
    most = max(mib for curve in curves.values() for _, mib in curve)
    count = max(done for curve in curves.values() for done, _ in curve)
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 320" font-family="sans-serif" font-size="12">']
    parts.append('<rect width="720" height="320" fill="#fff"/>')
    for step in range(5):
        y = 280 - step * 60
        parts.append(f'<path d="M60 {y}H700" stroke="#ddd"/><text x="8" y="{y + 4}">{most * step / 4:.0f} MiB</text>')
    for (workers, curve), colour in zip(
        curves.items(), ("#c96a00", "#1e6091", "#3a7d44", "#7b2d8b") * len(curves), strict=False
    ):
        points = " ".join(f"{60 + 640 * done / count:.1f},{280 - 240 * mib / most:.1f}" for done, mib in curve)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{80 + 110 * list(curves).index(workers)}" y="20" fill="{colour}">{workers} workers</text>')
    return "".join([*parts, f'<text x="560" y="308">photos done, of {count}</text></svg>'])


if __name__ == "__main__":
    main()
