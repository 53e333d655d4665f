"""What was a fault once stays mended: the inputs in faults/TARGET/ through the targets of scripts/fuzz, and a little more.

`make fuzz` looks for others; it puts them beside its corpus.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FAULTS = Path(__file__).with_name("faults")
sys.path.append(str(ROOT / "scripts" / "fuzz"))

from seeds import seeds  # noqa: E402
from targets import TARGETS  # noqa: E402

from hdr_core.client import WorkerClient  # noqa: E402
from hdr_core.errors import OutputError, WorkerError  # noqa: E402
from hdr_core.settings import ConvertSettings  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # Pillow's, of damaged EXIF data


@pytest.mark.parametrize("path", sorted(FAULTS.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_faults_stay_mended(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_changed_inputs_are_refused_or_read(target: str) -> None:
    chance = random.Random(target)
    for seed in seeds(target):
        TARGETS[target](seed)
        heic = seed[4:8] == b"ftyp" and target != "nclx"  # a process each time
        for _ in range(2 if heic else 40):
            data = bytearray(seed[: chance.randrange(len(seed) + 1)] if chance.random() < 0.3 else seed)
            for _ in range(chance.randrange(8)):
                if data:
                    data[chance.randrange(len(data))] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))
            TARGETS[target](bytes(data))


@pytest.mark.skipif(sys.platform != "linux", reason="atheris is for Linux")
def test_the_fuzzer_runs(tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "scripts" / "fuzz" / "run.py", "icc", "--runs", "2000", "--corpus", tmp_path]
    said = subprocess.run(command, check=False, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout
    assert "no fault" in said.stdout


def test_a_worker_that_talks_nonsense_is_ended(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nread line\necho no json\nexec sleep 60\n")
    program.chmod(0o755)
    client = WorkerClient(program)
    with pytest.raises(WorkerError, match=r"makes no sense.*Try again"):
        client.hello().wait()
    assert not client.running


@pytest.mark.skipif(os.name != "posix", reason="names as bytes")
@pytest.mark.parametrize("name", ["a\0b.exr", "\ud800.exr"])
def test_impossible_names_are_refused(client: WorkerClient, picture: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="not a possible path"):
        client.convert(picture, tmp_path / name, ConvertSettings("flat")).wait()
    assert not list(tmp_path.iterdir())
