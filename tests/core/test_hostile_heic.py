"""A HEIC file that hangs its decoder, or breaks it, is refused in time, and harms nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import phone_files
import pytest

from hdr_core import decode_limit, heif
from hdr_core.errors import PhotoError
from hdr_core.photo import read_photo

HANGS = "import ctypes; ctypes.PyDLL(None).pause()"  # in C, while Python can do nothing else
BREAKS = "import os; os.abort()"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pause() is of POSIX")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return phone_files.heic(tmp_path / "a.heic", np.full((64, 64, 3), 90, np.uint8))


def library(folder: Path, does: str) -> str:
    """The folder of a pi_heif that does this when a file is opened."""
    (folder / "pi_heif").mkdir()
    code = f"class options: pass\n\n\ndef open_heif(*_, **__):\n    {does}\n"
    (folder / "pi_heif" / "__init__.py").write_text(code)
    return str(folder)


@pytest.mark.parametrize(("does", "problem"), [(HANGS, r"not decoded within 0\.3\d* s"), (BREAKS, "crashed: signal SIGABRT")])
def test_it_is_refused_and_the_next_photo_read(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, problem: str
) -> None:
    sound = read_photo(photo).pixels
    with monkeypatch.context() as hostile:
        hostile.syspath_prepend(library(tmp_path, does))
        hostile.setattr(decode_limit, "PATIENCE", 0.3)
        began = time.monotonic()
        with pytest.raises(PhotoError, match=rf"damaged or cannot be decoded.*{problem}.*save it as"):
            read_photo(photo)
        assert time.monotonic() - began < 2
    assert np.array_equal(read_photo(photo).pixels, sound)


def test_a_decoder_whose_parent_is_gone_ends_itself(photo: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", heif.DECODER, "0.3", "100000", "", library(tmp_path, HANGS), *sys.path]
    ended = subprocess.run(command, input=photo.read_bytes(), capture_output=True, timeout=10, check=False)
    assert ended.returncode == 1
    assert b"Timeout" in ended.stderr
