"""Short versions of scripts/soak, which `make soak` runs in full."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "scripts" / "soak"))

import power_cut

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by signals")


def test_a_power_cut_leaves_the_old_file_or_the_whole_new_one(tmp_path: Path) -> None:
    said = power_cut.run(tmp_path, trials=1, points=12)
    assert "the old file or the whole new one, every time" in said


def test_the_simulation_finds_what_is_wrong() -> None:
    """Without the sync before the rename, a part of the file can appear under its name."""
    new = bytes(range(256)) * 16
    writes = [("write", place, new[place : place + 1024]) for place in range(0, 4096, 1024)]
    power_cut.played([*writes, ("sync", 0, b""), ("rename", 0, b"")], b"old", new, trials=20)
    with pytest.raises(power_cut.Fault, match="a part of a file"):
        power_cut.played([*writes, ("rename", 0, b"")], b"old", new, trials=20)
