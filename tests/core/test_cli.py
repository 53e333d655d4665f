"""The command line, run as a user would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hdr_core
from hdr_core.exr import read_exr
from hdr_core.rgbe import write_hdr

ROOT = Path(hdr_core.__file__).parents[1]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hdr_core.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"ldr-to-hdri {hdr_core.__version__}\n")


@pytest.mark.parametrize("arguments", [[], ["convert"], ["convert", "a.jpg", "--projection", "round"], ["batch", "here"]])
def test_a_command_that_makes_no_sense(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "usage: ldr-to-hdri" in done.stderr


def test_the_result_lies_beside_the_photo_and_is_named(panorama: Path, tmp_path: Path) -> None:
    photo = tmp_path / "garden.png"
    photo.write_bytes(panorama.read_bytes())
    done = run("convert", photo, "--compression", "dwaa", "--device", "cpu")
    assert done.returncode == 0
    assert done.stderr == ""
    told = re.escape(f"{tmp_path / 'garden_hdri.exr'}: 64 x 32 equirectangular, ")
    assert re.match(f"{told}(sRGB|camera) curve, half, peak ", done.stdout)
    assert re.search(r"\. \d+% of the light was restored \(\d+ to \d+%\)\.\n$", done.stdout)
    assert read_exr(tmp_path / "garden_hdri.exr")[0].shape == (32, 64, 3)


def test_a_picture_is_refused_with_a_next_step(picture: Path, tmp_path: Path) -> None:
    done = run("convert", picture, "-o", tmp_path / "out.exr", "--projection", "equirectangular")
    assert done.returncode == 1
    assert "flat" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_batch_goes_on_past_a_bad_photo(panorama: Path, picture: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "photos", tmp_path / "new" / "results"
    source.mkdir()
    (source / "a.png").write_bytes(panorama.read_bytes())
    (source / "A.jpg").write_bytes(picture.read_bytes())
    (source / "b.PNG").write_bytes(panorama.read_bytes())
    (source / "bad.jpg").write_bytes(b"no picture")
    (source / "notes.txt").write_bytes(b"no photo")
    done = run("batch", source, target)
    assert done.returncode == 1
    assert {path.name for path in target.iterdir()} == {"A.exr", "b.exr"}
    assert [read_exr(target / name)[1]["projection"] for name in ("A.exr", "b.exr")] == ["flat", "equirectangular"]
    clash, bad, total = done.stderr.splitlines()
    assert "a.png" in clash
    assert '"A.jpg"' in clash
    assert "bad.jpg" in bad
    assert "2 of 4 photos" in total


def test_the_input_curve_is_taken_as_told(picture: Path, tmp_path: Path) -> None:
    for curve, words in (("srgb", "sRGB curve"), ("camera", "camera curve")):
        output = tmp_path / f"{curve}.exr"
        done = run("convert", picture, "-o", output, "--projection", "flat", "--input-curve", curve)
        assert words in done.stdout
        assert read_exr(output)[1]["inputCurve"] == curve


def test_a_batch_of_good_photos(picture: Path, tmp_path: Path) -> None:
    source = tmp_path / "photos"
    source.mkdir()
    (source / "b.jpg").write_bytes(picture.read_bytes())
    done = run("batch", source, tmp_path / "results", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["b.exr"]
    assert read_exr(tmp_path / "results" / "b.exr")[0].shape == (32, 48, 3)


def test_a_mixed_folder_becomes_spheres(picture: Path, panorama: Path, tmp_path: Path) -> None:
    """A photo, a panorama, six faces, a picture that is HDR, and a result of an earlier run, which is none of them."""
    source, target = tmp_path / "photos", tmp_path / "photos"
    source.mkdir()
    (source / "photo.jpg").write_bytes(picture.read_bytes())
    (source / "pano.png").write_bytes(panorama.read_bytes())
    for number, face in enumerate(("px", "nx", "py", "ny", "pz", "nz")):
        Image.new("RGB", (16, 16), (40 * number, 90, 120)).save(source / f"room_{face}.png")
    light = np.full((16, 32, 3), 0.5, np.float32)
    light[4, 7] = 900
    write_hdr(source / "sky.hdr", light, header={})
    said = []
    for _ in range(2):
        done = run("batch", source, target, "--spheres")
        assert (done.returncode, done.stderr) == (0, "")
        said.append(done.stdout)
        made = sorted(path for path in target.iterdir() if path.suffix == ".exr")
        assert [path.name for path in made] == ["pano.exr", "photo.exr", "room.exr", "sky.exr"]
    assert "HDR already" in said[0]
    assert "0 converted, 4 were done before" in said[1]
    results = [read_exr(path) for path in made]
    assert all(pixels.shape[1] == 2 * pixels.shape[0] for pixels, _ in results)
    assert '"known_from": "six files"' in results[2][1]["sourceView"]
    np.testing.assert_allclose(results[3][0], light, rtol=0.01)


@pytest.mark.parametrize("content", [None, "notes.txt"])
def test_a_batch_of_nothing_says_so(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / content).write_bytes(b"no photo")
    done = run("batch", tmp_path if content else tmp_path / "missing", tmp_path / "results")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "results").exists()


def _hear_ctrl_c() -> None:
    """A shell starts what it runs in the background deaf to SIGINT, and children inherit that: the tests may run so."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(os.name != "posix", reason="uses a pseudo-terminal")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_in_the_middle(sent: signal.Signals, code: int, large_panorama: Path, tmp_path: Path) -> None:
    """On a terminal the progress is one line, updated in place; the signal comes when it says that the network runs."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "hdr_core.cli", "convert", str(large_panorama), "-o", str(tmp_path / "out.exr")]
    with subprocess.Popen(command, cwd=ROOT, stderr=theirs, stdout=subprocess.PIPE, preexec_fn=_hear_ctrl_c) as running:  # noqa: PLW1509
        os.close(theirs)
        shown = b""
        while not re.search(rb"Restoring light [1-8]\d%", shown):
            shown += os.read(ours, 1000)
        running.send_signal(sent)
        began = time.monotonic()
        assert running.wait(timeout=30) == code
        assert time.monotonic() - began < 10
    os.close(ours)
    assert b"\n" not in shown
    assert shown.startswith(b"\r\x1b[Klarge.jpg: Reading 0%")
    assert list(tmp_path.iterdir()) == []
