"""A photo that was read is let go: Windows removes and renames no file that a program holds open."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hdr_core.photo import read_photo


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts handles as Linux does")
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "gif"])
def test_a_photo_is_not_held_open(take: Callable[[Path, int, int], Path], tmp_path: Path, suffix: str) -> None:
    photo = take(tmp_path / f"photo.{suffix}", 48, 32)
    read = read_photo(photo)
    assert read.width == 48
    held = {os.path.realpath(handle) for handle in Path("/proc/self/fd").iterdir()}
    assert str(photo) not in held
