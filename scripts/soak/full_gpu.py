"""Another program takes nearly all of the GPU's memory while the worker converts, and keeps it (needs a CUDA GPU)."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from common import Fault, expect_only, take_photo, worker

from hdr_core.client import WorkerClient
from hdr_core.errors import DeviceError
from hdr_core.settings import ConvertSettings, Device

COUNT = 12
LEFT = (0, 64, 400)  # MiB that stay free
TOLERANCE = 0.01  # of the light, in the median: the processor counts otherwise than the GPU

# It takes what there is, and whatever is given back later; a line on its standard input and it gives all of it back.
GREEDY = """
import sys, threading, torch
held, ended = [torch.zeros(1, device="cuda")], threading.Event()
print("ready", flush=True)
left = int(sys.stdin.readline()) * 2**20
threading.Thread(target=lambda: (sys.stdin.readline(), ended.set()), daemon=True).start()
piece = 2**30
while not ended.wait(0.001):
    if torch.cuda.mem_get_info()[0] - piece >= left:
        try:
            held.append(torch.empty(piece, dtype=torch.uint8, device="cuda"))
            continue
        except RuntimeError:
            pass
    if piece > 2**21:
        piece //= 2
        if piece == 2**21:
            print("taken", flush=True)
"""


class Greedy:
    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([sys.executable, "-c", GREEDY], stdin=pipe, stdout=pipe, text=True, bufsize=1)
        self._hears("ready")

    def take(self, left: int, *, wait: bool) -> None:
        """All but `left` MiB."""
        self._tell(str(left))
        if wait:
            self._hears("taken")

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")

    def _hears(self, word: str) -> None:
        assert self._process.stdout is not None
        if (said := self._process.stdout.readline().strip()) != word:
            raise Fault(f"the program that takes the memory said {said!r}, not {word!r}")


@contextmanager
def greedy() -> Iterator[Greedy]:
    process = Greedy()
    try:
        yield process
    finally:
        process.end()


def run(folder: Path, count: int = COUNT, seed: int = 1) -> str:
    import torch

    if not torch.cuda.is_available():
        return "not tried: this machine has no CUDA GPU"
    chance = random.Random(seed)
    photo, target = take_photo(folder / "photo.png", 2048, 1024), folder / "target"
    target.mkdir()
    output = target / "photo.exr"
    client = worker()
    told: dict[str, Counter[str]] = {}
    try:
        seconds = [_convert(client, photo, output, "cuda", told.setdefault("in peace", Counter())) for _ in range(3)]
        whole, alike = output.read_bytes(), _pixels(output)
        for number in range(count):
            device: Device = "cuda" if number % 3 == 2 else "auto"
            left = LEFT[number % len(LEFT)]
            with greedy() as other:
                ends = told.setdefault(f"taken meanwhile, device {device}", Counter())
                _convert(client, photo, output, device, ends, partial(_later, other, left, chance.random() * min(seconds)))
                _same_light(output, alike)
                expect_only(target, *(["photo.exr"] if output.exists() else []))
        devices: tuple[Device, ...] = ("auto", "cuda")
        for started in ("before a conversion", "before the worker started"):
            for device in devices:
                if "worker" in started:
                    client.close()
                with greedy() as other:
                    other.take(0, wait=True)
                    _convert(client, photo, output, device, told.setdefault(f"taken {started}, device {device}", Counter()))
                    _same_light(output, alike)
        _convert(client, photo, output, "cuda", told.setdefault("given back", Counter()))  # the file tells what was asked for
        if output.read_bytes() != whole:
            raise Fault("once the memory was given back, the same photo gave another file")
    finally:
        client.close()
    return "; ".join(f"{when}: {', '.join(f'{n} {how}' for how, n in ends.items())}" for when, ends in told.items())


def _later(other: Greedy, left: int, moment: float) -> None:
    time.sleep(moment)
    other.take(left, wait=False)


def _convert(
    client: WorkerClient,
    photo: Path,
    output: Path,
    device: Device,
    ends: Counter[str],
    meanwhile: Callable[[], None] = lambda: None,
) -> float:
    """Seconds that it took; how it ended is counted. Another error than the one about memory goes on to the caller."""
    output.unlink(missing_ok=True)
    began, stages = time.monotonic(), set[str]()
    job = client.convert(photo, output, ConvertSettings("equirectangular", device=device))
    meanwhile()
    try:
        made = job.wait(lambda _, stage: stages.add(stage))
    except DeviceError as error:
        if device == "auto" or not error.next_step:
            raise Fault(f"device {device}: {error}") from error
        ends[f"refused ({error.problem})"] += 1
    else:
        ends[f"on {made.device}" + (", said so" if any("memory is full" in stage for stage in stages) else "")] += 1
    return time.monotonic() - began


def _pixels(path: Path) -> np.ndarray:
    from hdr_core.exr import read_exr

    return np.asarray(read_exr(path)[0])


def _same_light(output: Path, wanted: np.ndarray) -> None:
    """A conversion that ended well ended right, wherever it was computed."""
    if output.exists():
        difference = np.abs(_pixels(output) - wanted) / np.maximum(np.abs(wanted), 1e-3)
        if not np.median(difference) < TOLERANCE or not np.isfinite(difference).all():
            raise Fault(f"the light differs from the undisturbed one by {np.median(difference):.3f} in the median")
