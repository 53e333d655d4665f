"""Throughput of batches, how it grows with workers, and how much memory they take as they go on.

    .venv/bin/python benchmarks/batch.py [--photos 200] [--workers 1 2] [--repeat 2] [--width 1024] [--plot memory.svg]

The photos are mixed: panoramas and flat pictures, JPEG and PNG, of three sizes. Runs with different numbers of workers take
turns, so that a machine that others use, too, is as busy for all. With --json all that was seen is written.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyvips

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hdr_core.client import WorkerClient
from hdr_core.library import Batch, LibrarySettings
from hdr_core.library.journal import read_entries
from hdr_core.settings import ConvertSettings

DIFFERENT = 24
"""Photos that are made; the others are copies of them."""
SCALES = (1.0, 0.75, 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeat", type=int, default=1, help="rounds, each with every number of workers")
    parser.add_argument("--width", type=int, default=1024, help="of the largest panoramas; flat pictures have as many pixels")
    parser.add_argument("--sizes", default="original")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--cores", type=int, help="of the processor, for all together")
    parser.add_argument("--threads", type=int, help="of each worker")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    if options.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    if options.threads:
        os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "VIPS_CONCURRENCY"), str(options.threads)))
    settings = LibrarySettings(convert=ConvertSettings(device=options.device), sizes=tuple(options.sizes.split(",")))
    runs = []
    with tempfile.TemporaryDirectory(prefix="benchmark_batch_") as folder:
        source = Path(folder) / "photos"
        take_photos(source, options.photos, options.width)
        for _ in range(options.repeat):
            for workers in options.workers:
                runs.append(measure(source, Path(folder) / "results", workers, settings))
                print(line(runs[-1]), flush=True)
                shutil.rmtree(folder + "/results")
                shutil.rmtree(folder + "/results.batch")
    rates = {count: statistics.median(run["rate"] for run in runs if run["workers"] == count) for count in options.workers}
    first = rates[options.workers[0]]
    print(", ".join(f"{count} workers: {rate:.1f} a minute, {rate / first:.2f} times" for count, rate in rates.items()))
    if options.json is not None:
        options.json.write_text(json.dumps({"arguments": sys.argv[1:], "runs": runs}))
    if options.plot is not None:
        options.plot.write_text(plot(runs[: len(options.workers)]), encoding="utf-8")


def take_photos(folder: Path, count: int, width: int) -> None:
    """Noisy gradients with a light that clips, each elsewhere."""
    folder.mkdir()
    with ThreadPoolExecutor() as pool:
        made = list(pool.map(lambda number: take_photo(folder, number, width), range(min(count, DIFFERENT))))
    for number in range(DIFFERENT, count):
        first = made[number % DIFFERENT]
        shutil.copyfile(first, folder / f"{number:05d}{first.suffix}")


def take_photo(folder: Path, number: int, width: int) -> Path:
    rng = np.random.default_rng(number)
    width = round(width * SCALES[number // 4 % len(SCALES)] / 2) * 2
    height, across = (width // 2, width) if number % 2 else (round(width * 0.61), round(width * 0.82))
    y, x = np.mgrid[0:height, 0:across].astype(np.float32)
    light = np.exp(-((x - rng.integers(across)) ** 2 + (y - rng.integers(height)) ** 2) / (width / 30) ** 2) * 500
    pixels = np.stack([40 + 150 * x / across, 60 + 120 * y / height, 170 - 90 * y / height], -1)
    pixels = pixels + light[..., None] + rng.normal(0, 3, pixels.shape)
    codes = np.ascontiguousarray(pixels.clip(0, 255).astype(np.uint8))
    path = folder / f"{number:05d}{'.jpg' if number // 2 % 2 else '.png'}"
    pyvips.Image.new_from_memory(codes.data, across, height, 3, "uchar").copy(interpretation="srgb").write_to_file(str(path))
    return path


def measure(source: Path, target: Path, workers: int, settings: LibrarySettings) -> dict[str, Any]:
    """Run a batch. rate: photos a minute, from when every worker had done one; memory: [photos done, MiB of each process]."""
    memory: list[tuple[int, list[float]]] = []
    busy: list[int] = []
    ends: list[float] = []
    pids: list[str] = []
    began = time.monotonic()
    with Batch(source, target, settings, workers=workers, make_worker=worker) as batch:
        while not batch.poll():
            now = batch.snapshot()
            if now.done > len(ends):
                ends += [time.monotonic()] * (now.done - len(ends))
                if now.done <= 3 * workers or not pids:  # later they are the same
                    entries = list(read_entries(batch.places.records))
                    pids = list(dict.fromkeys(str(entry["pid"]) for entry in entries if entry["event"] == "start"))
                memory.append((now.done, [resident("self"), *map(resident, pids)]))
            busy += [gpu.busy for gpu in now.gpus if gpu.busy is not None and ends]
            time.sleep(0.02)
        final = batch.snapshot()
        ends += [time.monotonic()] * (final.done - len(ends))
    entries = [entry for entry in read_entries(Path(f"{target}.batch")) if entry["event"] == "done"]
    pixels = sum(entry["product"]["conversion"]["width"] * entry["product"]["conversion"]["height"] for entry in entries)
    return {
        "workers": workers,
        "photos": final.done,
        "failed": final.failed,
        "rate": 60 * (len(ends) - 1 - workers) / (ends[-1] - ends[workers]),
        "start": ends[0] - began,
        "megapixels": pixels / 1e6,
        "written": sum(made["bytes"] for entry in entries for made in entry["product"]["files"]),
        "device": entries[0]["product"]["conversion"]["device"],
        "busy": statistics.mean(busy) if busy else None,
        "memory": memory,
    }


def worker(variables: Mapping[str, str]) -> WorkerClient:
    """With this process's PYTHONPATH, which workers ignore otherwise."""
    paths = [Path(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return WorkerClient(Path(sys.executable), extra_paths=paths, variables=variables)


def line(run: dict[str, Any]) -> str:
    memory = run["memory"]
    most = [max(values) for values in zip(*(row for _, row in memory if len(row) == len(memory[-1][1])), strict=True)]
    gpu = "" if run["busy"] is None else f", GPU {run['busy']:.0f}% busy"
    said = f"{run['workers']} workers on {run['device']}: {run['photos']} photos ({run['failed']} failed), "
    said += f"{run['megapixels']:.0f} megapixels, {run['written'] / 1e6:.0f} MB written; {run['rate']:.1f} a minute, "
    said += f"the first after {run['start']:.1f} s{gpu}; most memory: this process {most[0]:.0f} MiB, "
    return f"{said}workers {', '.join(f'{mib:.0f}' for mib in most[1:])} MiB"


def resident(pid: str) -> float:
    """Resident memory of a process, in MiB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has ended
        return 0.0
    return next((int(text.split()[1]) / 1024 for text in status.splitlines() if text.startswith("VmRSS")), 0.0)


def plot(runs: list[dict[str, Any]]) -> str:
    """Memory of all processes over photos, as SVG."""
    curves = {run["workers"]: [(done, sum(row)) for done, row in run["memory"]] for run in runs}
    most = max(mib for curve in curves.values() for _, mib in curve)
    count = max(done for curve in curves.values() for done, _ in curve)
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 320" font-family="sans-serif" font-size="12">']
    parts.append('<rect width="720" height="320" fill="#fff"/>')
    for step in range(5):
        y = 280 - step * 60
        parts.append(f'<path d="M60 {y}H700" stroke="#ddd"/><text x="8" y="{y + 4}">{most * step / 4:.0f} MiB</text>')
    for number, (workers, curve) in enumerate(curves.items()):
        colour = ("#c96a00", "#1e6091", "#3a7d44", "#7b2d8b")[number % 4]
        points = " ".join(f"{60 + 640 * done / count:.1f},{280 - 240 * mib / most:.1f}" for done, mib in curve)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(f'<text x="{80 + 110 * number}" y="20" fill="{colour}">{workers} worker{"s" * (workers > 1)}</text>')
    return "".join([*parts, f'<text x="560" y="308">photos done, of {count}</text></svg>'])


if __name__ == "__main__":
    main()
