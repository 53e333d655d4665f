"""How busy the GPUs are, as NVIDIA's own tool says, asked now and then without waiting for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ..worker_process import NO_WINDOW

_EVERY = 3.0  # seconds
_QUERY = "utilization.gpu,memory.used,memory.total"
_NAMES = re.compile(r"(\d+|GPU-[0-9a-f-]+)(,(\d+|GPU-[0-9a-f-]+))*")  # those that the tool knows, too


@dataclass(frozen=True)
class Gpu:
    """busy: percent of the time; used, total: MiB of memory. None where the GPU does not tell."""

    busy: int | None
    used: int | None
    total: int | None


class GpuUse:
    """The use of the GPUs that this process may use (CUDA_VISIBLE_DEVICES); of none where there is no nvidia-smi."""

    def __init__(self) -> None:
        self._tool = shutil.which("nvidia-smi")
        self._asked: subprocess.Popen[str] | None = None
        self._last = 0.0
        self._gpus: tuple[Gpu, ...] = ()

    def now(self) -> tuple[Gpu, ...]:
        """As it was a moment ago."""
        if self._asked is not None and self._asked.poll() is not None:
            said, _ = self._asked.communicate()
            self._gpus, self._asked = _parsed(said), None
        if self._tool and self._asked is None and time.monotonic() - self._last > _EVERY:
            self._last = time.monotonic()
            command = [self._tool, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits", *_chosen()]
            try:
                self._asked = subprocess.Popen(
                    command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, creationflags=NO_WINDOW
                )
            except OSError:  # it is there, and cannot be run: then nothing is known
                self._tool = None
        return self._gpus


def in_words(gpus: Sequence[Gpu]) -> str:
    """Such as "GPU 93% 4.1 GiB", or "8 GPUs 64 to 97% 33 GiB"; "" where nothing is known."""
    busy = sorted(gpu.busy for gpu in gpus if gpu.busy is not None)
    used = sum(gpu.used or 0 for gpu in gpus)
    if not busy and not used:
        return ""
    share = "" if not busy else f" {busy[0]}%" if busy[0] == busy[-1] else f" {busy[0]} to {busy[-1]}%"
    return f"{'GPU' if len(gpus) == 1 else f'{len(gpus)} GPUs'}{share} {used / 1024:.1f} GiB"


def _chosen() -> list[str]:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").replace(" ", "")
    return [f"--id={visible}"] if _NAMES.fullmatch(visible) else []


def _parsed(said: str) -> tuple[Gpu, ...]:
    rows = [[part.strip() for part in line.split(",")] for line in said.splitlines()]
    return tuple(Gpu(*(int(part) if part.isdigit() else None for part in row)) for row in rows if len(row) == 3)
