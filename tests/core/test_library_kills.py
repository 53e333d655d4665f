"""Killed at random moments and started again, a batch ends with what it makes in peace. scripts/kill_batch.py: for longer."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hdr_core

sys.path.append(str(Path(hdr_core.__file__).parents[1] / "scripts"))

import kill_batch

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by signals")


def test_killed_and_started_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random()
    source, peace, war = tmp_path / "photos", tmp_path / "peace", tmp_path / "war"
    kill_batch.take_photos(source, 2, chance)
    began = time.monotonic()
    assert kill_batch.start(source, peace).wait() == 0
    kill_batch.survive(source, war, 2, (time.monotonic() - began) / 2, chance)
    code = kill_batch.start(source, war).wait()
    assert kill_batch.compare(peace, war, 2, code) == 0, capsys.readouterr().out


def test_ctrl_c_stops_cleanly(tmp_path: Path) -> None:
    kill_batch.take_photos(tmp_path / "photos", 2, random.Random(1))
    command = [sys.executable, "-m", "hdr_core.cli", "batch", str(tmp_path / "photos"), str(tmp_path / "out")]
    with subprocess.Popen(
        command,
        cwd=kill_batch.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,  # noqa: PLW1509
    ) as running:
        while not any(entry["event"] == "start" for entry in kill_batch.entries(tmp_path / "out")):
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        said, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert errors == "Stopped.\n"
    assert "Report: " in said
    assert kill_batch.entries(tmp_path / "out")[-1]["reason"] == "stopped"
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
