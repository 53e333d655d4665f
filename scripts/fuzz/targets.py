"""What is fuzzed: each target takes bytes that an attacker may choose, and raises only what it promises to raise.

What else comes out of one is a fault. Used by run.py, and by tests/core/test_fuzz.py on the inputs that were faults once.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from hdr_core import camera_tags, gain_heif, gain_jpeg, gain_map, hdr_file, icc, isobmff, nclx, photo, png, rgbe, worker  # noqa: E402
from hdr_core import decode as decoding  # noqa: E402
from hdr_core.client import Job, WorkerClient  # noqa: E402
from hdr_core.errors import HdrError, PhotoError  # noqa: E402
from hdr_core.projection.choose import choose  # noqa: E402
from hdr_core.settings import ConvertSettings  # noqa: E402
from hdr_core.worker_process import parse_message  # noqa: E402

_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz_", dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
_PICTURE = np.zeros((32, 48, 3), np.uint8)
_CODES = np.full((4, 6, 3), 200, np.uint8)
MOST_PIXELS = 2**16  # for the decoders that take a bound: a fuzzer is after mistakes, not after large pictures
IMPATIENT = mock.patch("hdr_core.decode_limit.PATIENCE", 4.0)  # libheif is known to hang: refused before it is a fault here


def file_of(data: bytes) -> Path:
    """A file that holds `data`."""
    path = Path(_FOLDER.name) / "input"
    path.write_bytes(data)
    return path


def fuzz_png(data: bytes) -> None:
    chunks = png.colour_chunks(file_of(data))
    png.is_hdr(chunks)
    if gamma := png.unusual_gamma(chunks):
        assert np.isfinite(icc.pure_gamma(gamma, 3).curves[0].table(256)).all()
    with suppress(ValueError):
        fuzz_icc(png.icc_data(chunks) or b"")


def fuzz_icc(data: bytes) -> None:
    with suppress(ValueError):
        profile = icc.parse_profile(data)
        assert len(profile.curves) in {0, 1, 3}
        assert not profile.curves or profile.is_srgb in {True, False}
        for curve in profile.curves:
            table = curve.table(256)
            assert table.min() >= 0
            assert table.max() <= 1


def fuzz_tags(data: bytes) -> None:
    """EXIF, a separator, XMP; then what the projection makes of it."""
    exif, _, xmp = data.partition(b"\0|XMP|\0")
    tags = camera_tags.read_tags(exif, xmp, 48, 32)
    for projection in ("auto", "perspective", "equirectangular", "cylindrical", "fisheye"):
        with suppress(HdrError):
            chosen = choose(_PICTURE, tags, ConvertSettings(projection), Path(_FOLDER.name) / "none.jpg")
            view = chosen.view
            assert np.isfinite([view.fov, view.vertical_fov, view.pitch, view.roll, view.yaw]).all()
            assert view.fov <= 360.5


def fuzz_gain_jpeg(data: bytes) -> None:
    _use_gain(gain_jpeg.read_gain_map(file_of(data), 1.0))


def fuzz_gain_heif(data: bytes) -> None:
    """The items of a file, and the map that they tell of; by whichever library the file's first brand asks for."""
    path = file_of(data)
    items = isobmff.read_items(path)
    if items is not None:
        for item in list(items.kinds)[:8]:
            shown = items.shown_first(data, item)
            assert shown is None or len(shown) == len(data)
            items.content(path, item)
    with mock.patch("hdr_core.gain_heif._MOST_PIXELS", MOST_PIXELS), IMPATIENT:
        _use_gain(gain_heif.read_gain_map(path, heic=data[8:12] != b"avif"))


def fuzz_heif(data: bytes) -> None:
    """libheif, in its own process: whatever it does, the file is read or refused."""
    with suppress(PhotoError), mock.patch.object(decoding, "MAX_PIXELS", MOST_PIXELS), IMPATIENT:
        decoding.decode(file_of(data), decoding.HEIC)


def fuzz_gain_metadata(data: bytes) -> None:
    pixels = np.full((2, 3, 1 + 2 * (len(data) % 2)), 128, np.uint8)
    _use_gain(gain_map.from_iso(pixels, data))
    _use_gain(gain_map.from_xmp(pixels, data.decode("utf-8", "replace")))


def _use_gain(gain: gain_map.GainMap | None) -> None:
    if gain is not None:
        assert np.isfinite(gain_map.apply_gain(_CODES, gain)).all()
        assert np.isfinite(gain.limit)


def fuzz_nclx(data: bytes) -> None:
    numbers = nclx.read_nclx(file_of(data))
    if numbers is not None:
        nclx.profile(numbers[0])
        if nclx.is_hdr(numbers[1]):
            assert np.isfinite(nclx.to_light(_CODES.astype(np.uint16) * 257, *numbers)).all()


def fuzz_radiance(data: bytes) -> None:
    path = file_of(data)
    with suppress(PhotoError):
        light = hdr_file.read_radiance(path, MOST_PIXELS)
        assert np.isfinite(light).all()
        assert light.min() >= 0
    rgbe.is_our_hdr(path)


def fuzz_array(data: bytes) -> None:
    with suppress(PhotoError), mock.patch.object(photo, "MAX_PIXELS", MOST_PIXELS):
        photo.read_source(file_of(b"\x93NUMPY" + data))


def fuzz_photo(data: bytes) -> None:
    """A file of any kind, all the way: libvips, libheif and OpenEXR, and our code around them."""
    with (
        suppress(PhotoError),
        IMPATIENT,
        mock.patch("hdr_core.photo.MAX_PIXELS", MOST_PIXELS),
        mock.patch("hdr_core.decode.MAX_PIXELS", MOST_PIXELS),
    ):
        photo.read_source(file_of(data))


def fuzz_worker(data: bytes) -> None:
    """A line from the parent gets one answer, whatever it says. What it asks for is not done: only read."""
    events = io.BytesIO()
    done = mock.Mock(side_effect=PhotoError("Not done.", "This is a test."))
    with (
        mock.patch.multiple(
            worker, convert=done, split_file=done, inspect_runtime=done, _warm_up=done, _versions=lambda: {"Python": "3"}
        ),
        mock.patch.multiple("hdr_core.library.service", produce=done, _contact=done, _devices=done),
    ):
        worker.Worker(events)._answer(data.replace(b"\n", b" ") + b"\n")
    answers = [json.loads(line) for line in events.getvalue().splitlines()]
    assert len(answers) == 1
    assert answers[0]["event"] in {"done", "error"}
    assert answers[0]["event"] == "done" or (answers[0]["problem"] and answers[0]["next_step"])
    assert "failed unexpectedly" not in answers[0].get("problem", ""), answers[0]["problem"]


def fuzz_client(data: bytes) -> None:
    """What a worker says, in Blender: whatever it is, the job ends or goes on, and nothing but an HdrError comes of it."""
    client = WorkerClient(Path(sys.executable))
    job: Job[dict[str, str]] = Job(client, dict)
    client._jobs[1] = job
    client._process = process = mock.Mock(silenced=False, pid=0)
    lines = [line + b"\n" for line in data.split(b"\n")]
    process.death.return_value = PhotoError("It died.", "Nothing.")
    process.messages = lambda _patience: filter(None, map(parse_message, lines))
    with suppress(HdrError):
        if job.poll():
            job.result()
    client._process = None


TARGETS: dict[str, Callable[[bytes], None]] = {
    name.removeprefix("fuzz_"): function for name, function in list(globals().items()) if name.startswith("fuzz_")
}
