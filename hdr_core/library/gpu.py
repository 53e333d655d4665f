"""How busy the GPUs are, as NVIDIA's own tool says, asked now and then without waiting for it."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import asdict, dataclass
from typing import Any

_EVERY = 3.0  # seconds
_QUERY = "utilization.gpu,memory.used,memory.total"


@dataclass(frozen=True)
class Gpu:
    """busy: percent of the time; used, total: MiB of memory."""

    busy: int
    used: int
    total: int


class GpuUse:
    """The use of all GPUs; of none where there is no nvidia-smi."""

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
            command = [self._tool, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"]
            self._asked = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return self._gpus

    def in_words(self) -> str:
        """Such as "GPU 93%, 4.1 GiB", or "" """
        return ", ".join(f"GPU {gpu.busy}% {gpu.used / 1024:.1f} GiB" for gpu in self.now())

    def plain(self) -> list[dict[str, Any]]:
        return [asdict(gpu) for gpu in self.now()]


def _parsed(said: str) -> tuple[Gpu, ...]:
    rows = [[part.strip() for part in line.split(",")] for line in said.splitlines()]
    return tuple(Gpu(*map(int, row)) for row in rows if len(row) == 3 and all(part.isdigit() for part in row))
