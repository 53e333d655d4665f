"""A file that hangs libvips in the worker, or on the command line, is refused in time, and the next one is read."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from hdr_core import worker_process
from hdr_core.client import WorkerClient
from hdr_core.errors import PhotoError, WorkerError
from hdr_core.photo import read_photo

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "scripts"))

from slow_jpeg import slow_jpeg  # noqa: E402

HANGING = """
import ctypes
import pyvips
from hdr_core import decode_limit
decode_limit.PATIENCE = 0.3
sound = pyvips.Image.jpegload
def jpegload(path, **options):
    if b"hostile" in path:
        ctypes.CDLL(None).pause()  # in C, for ever
    return sound(path, **options)
pyvips.Image.jpegload = staticmethod(jpegload)
"""
REFUSED = r'hostile\.jpg" is damaged or cannot be decoded \(it was not decoded within 0\.3\d* s.*save it as a PNG'

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pause() is of POSIX")


@pytest.fixture
def photos(tmp_path: Path) -> tuple[Path, Path]:
    """A hostile one, and one that is only damaged: it is refused without the network, which would take longer."""
    hostile, damaged = tmp_path / "hostile.jpg", tmp_path / "damaged.jpg"
    Image.new("RGB", (16, 8), (90, 120, 200)).save(hostile)
    damaged.write_bytes(hostile.read_bytes()[:200])
    return hostile, damaged


def test_the_worker_refuses_it_and_the_next_one_reads_on(
    photos: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boot = worker_process._BOOT.replace("from hdr_core.worker", f"{HANGING}\nfrom hdr_core.worker")
    monkeypatch.setattr(worker_process, "_BOOT", boot)
    client = WorkerClient(Path(sys.executable))
    hostile, damaged = (client.ask(_convert(photo, tmp_path), dict) for photo in photos)
    hung = client.pid
    with pytest.raises(PhotoError, match=REFUSED):
        hostile.wait()
    with pytest.raises(WorkerError, match=r"died in the middle of its work .*it said: .*hostile\.jpg.*not decoded within"):
        damaged.wait()  # it waited behind the other
    with pytest.raises(PhotoError, match=r"damaged\.jpg.*premature|damaged\.jpg.*damaged"):
        client.ask(_convert(photos[1], tmp_path), dict).wait()
    assert client.pid not in {hung, None}
    client.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged.jpg", "hostile.jpg"]


def _convert(photo: Path, folder: Path) -> dict[str, object]:
    return {"op": "convert", "source": str(photo), "output": str(folder / "a.exr"), "settings": {}, "overwrite": False}


def test_a_jpeg_of_thousands_of_scans_is_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "slow.jpg"
    path.write_bytes(slow_jpeg(64))
    with pytest.raises(PhotoError, match=r"damaged .*goes over its picture 2647 times.*save it as"):
        read_photo(path)
    path.write_bytes(slow_jpeg(64, 150) + b"\xff\xda" * 300)  # what comes after the picture, such as a film, is not counted
    assert read_photo(path).pixels.shape == (64, 64, 3)


def test_the_command_line_refuses_it(photos: tuple[Path, Path], tmp_path: Path) -> None:
    program = f"{HANGING}\nimport sys\nfrom hdr_core.cli import main\nsys.exit(main(sys.argv[1:]))"
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", program, "convert", photos[0]],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        cwd=ROOT,
    )
    assert time.monotonic() - began < 10
    assert ended.returncode == 1
    assert ended.stderr.startswith(f'ldr-to-hdri: "{photos[0]}" is damaged or cannot be decoded (it was not decoded within 0.3')
    assert not list(tmp_path.glob("*hdri*"))
