"""The conversion as a Python call: what it gives, what it refuses, and that every caller gets the same file."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hdr_core
from hdr_core import ConvertSettings, HdrError, convert
from hdr_core.client import WorkerClient
from hdr_core.errors import Cancelled, OutputError, ProjectionError
from hdr_core.exr import read_exr
from hdr_core.photo import read_photo, srgb_decode

FLAT = ConvertSettings(projection="flat")


@pytest.fixture(scope="module")
def converted(panorama: Path, tmp_path_factory: pytest.TempPathFactory) -> hdr_core.Conversion:
    return convert(panorama, tmp_path_factory.mktemp("converted") / "panorama.exr")


def test_the_file_is_the_photo_with_its_light_restored(converted: hdr_core.Conversion) -> None:
    pixels, _ = read_exr(Path(converted.output))
    photo = read_photo(Path(converted.source))
    clipped = (photo.pixels == photo.white).all(-1)
    assert pixels.shape == (32, 64, 3)
    assert pixels.max() == pytest.approx(converted.peak, rel=1e-3)
    assert pixels[clipped].mean() > 1.0
    assert (converted.width, converted.height, converted.projection) == (64, 32, "equirectangular")


def test_what_was_well_exposed_keeps_its_value(panorama: Path, tmp_path: Path) -> None:
    """The curve is given: a picture this small may be taken for a camera's."""
    convert(panorama, tmp_path / "out.exr", ConvertSettings(input_curve="srgb"))
    photo = read_photo(panorama)
    linear = srgb_decode(photo.pixels / np.float32(photo.white))
    exposed = (photo.pixels.max(-1) < 200) & (photo.pixels.min(-1) > 40)
    assert np.median(read_exr(tmp_path / "out.exr")[0][exposed] / linear[exposed]) == pytest.approx(1, abs=0.1)


def test_the_header_says_how_the_file_was_made(converted: hdr_core.Conversion) -> None:
    _, header = read_exr(Path(converted.output))
    assert header["software"] == f"LDR to HDRI {hdr_core.__version__}"
    assert header["settings"] == json.dumps(asdict(ConvertSettings()), sort_keys=True)
    assert header["projection"] == "equirectangular"
    assert header["weights"] == converted.weights


def test_every_caller_gets_the_same_bytes(converted: hdr_core.Conversion, client: WorkerClient, tmp_path: Path) -> None:
    source = Path(converted.source)
    client.convert(source, tmp_path / "worker.exr", ConvertSettings()).wait()
    command = [sys.executable, "-m", "hdr_core.cli", "convert", str(source), "-o", str(tmp_path / "cli.exr"), "--quiet"]
    subprocess.run(command, check=True, cwd=Path(hdr_core.__file__).parents[1])
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in [Path(converted.output), *tmp_path.iterdir()]}
    assert len(list(tmp_path.iterdir())) == 2
    assert len(digests) == 1


def test_progress_never_falls_and_names_the_stages(picture: Path, tmp_path: Path) -> None:
    heard: list[tuple[float, str]] = []
    convert(picture, tmp_path / "out.exr", FLAT, progress=lambda fraction, stage: heard.append((fraction, stage)))
    fractions, stages = zip(*heard, strict=True)
    assert list(dict.fromkeys(stages)) == ["Reading", "Restoring light", "Writing"]
    assert list(fractions) == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, 1)


@pytest.mark.parametrize("stage", ["Reading", "Restoring light"])
def test_a_cancelled_conversion_leaves_nothing(panorama: Path, tmp_path: Path, stage: str) -> None:
    stages: list[str] = []
    with pytest.raises(Cancelled):
        convert(
            panorama,
            tmp_path / "out.exr",
            progress=lambda _, stage: stages.append(stage),
            cancelled=lambda: stage in stages,
        )
    assert stages[-1] == stage
    assert list(tmp_path.iterdir()) == []


def test_alpha_is_kept(tmp_path: Path) -> None:
    pixels = np.full((16, 24, 4), 120, np.uint8)
    pixels[..., 3] = np.linspace(0, 255, 24)
    Image.fromarray(pixels).save(tmp_path / "cutout.png")
    convert(tmp_path / "cutout.png", tmp_path / "cutout.exr", FLAT)
    restored, _ = read_exr(tmp_path / "cutout.exr")
    assert restored.shape == (16, 24, 4)
    np.testing.assert_allclose(restored[..., 3], pixels[..., 3] / 255, atol=1e-3)


def test_an_own_file_is_replaced_and_a_strange_one_only_on_request(
    converted: hdr_core.Conversion, picture: Path, tmp_path: Path
) -> None:
    own, strange = tmp_path / "own.exr", tmp_path / "strange.exr"
    own.write_bytes(Path(converted.output).read_bytes())
    strange.write_bytes(b"somebody's work")
    assert convert(picture, own, FLAT).width == 48
    assert read_exr(own)[0].shape == (32, 48, 3)
    with pytest.raises(OutputError, match="not made by this software"):
        convert(picture, strange, FLAT)
    assert strange.read_bytes() == b"somebody's work"
    convert(picture, strange, FLAT, overwrite=True)
    assert read_exr(strange)[0].shape == (32, 48, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.exr", "strange.exr"]


@pytest.mark.parametrize("link", [None, os.link, os.symlink], ids=["itself", "hard link", "symbolic link"])
def test_the_photo_is_never_overwritten(panorama: Path, tmp_path: Path, link: object) -> None:
    source = output = tmp_path / "a photo.exr"  # its name lies: what a file is, is told by its content
    source.write_bytes(panorama.read_bytes())
    if callable(link):
        output = tmp_path / "link.exr"
        link(source, output)
    with pytest.raises(OutputError, match="is the photo itself"):
        convert(source, output, overwrite=True)
    assert source.read_bytes() == panorama.read_bytes()


def _below_a_file(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"")
    return tmp_path / "file" / "out.exr"


@pytest.mark.parametrize(
    "output",
    [
        lambda folder: folder / "missing" / "out.exr",
        lambda folder: folder / "out.jpg",
        lambda folder: folder / "folder.exr",
        lambda folder: folder / ("x" * 300 + ".exr"),
        _below_a_file,
        lambda folder: Path("/proc/self/out.exr"),  # not writable, even for root
    ],
    ids=["no folder", "no .exr", "a folder", "name too long", "below a file", "unwritable"],
)
def test_an_impossible_output_is_refused_before_the_slow_part(panorama: Path, tmp_path: Path, output: object) -> None:
    assert callable(output)
    (tmp_path / "folder.exr").mkdir()
    stages: list[str] = []
    with pytest.raises(OutputError) as caught:
        convert(panorama, output(tmp_path), progress=lambda _, stage: stages.append(stage))
    assert set(stages) == {"Reading"}
    assert caught.value.next_step
    assert {path.name for path in tmp_path.iterdir()} <= {"folder.exr", "file"}


def test_a_picture_becomes_a_whole_sphere_and_is_refused_as_a_panorama(picture: Path, tmp_path: Path) -> None:
    done = convert(picture, tmp_path / "out.exr", ConvertSettings(fov=90, yaw=90))
    sphere, header = read_exr(tmp_path / "out.exr")
    assert sphere.shape == (done.height, 2 * done.height, 3)
    assert (sphere > 0).all()
    assert (done.projection, done.view.kind, done.view.fov) == ("equirectangular", "perspective", pytest.approx(90))
    assert json.loads(header["sourceView"])["yaw"] == 90
    convert(picture, tmp_path / "flat.exr", FLAT)
    flat = read_exr(tmp_path / "flat.exr")[0]
    middle = sphere[done.height // 2 - 2 : done.height // 2 + 2, done.width // 4 - 2 : done.width // 4 + 2].mean((0, 1))
    np.testing.assert_allclose(middle, flat[15:17, 23:25].mean((0, 1)), rtol=0.1)  # its middle, a quarter to the left
    with pytest.raises(ProjectionError, match="flat"):
        convert(picture, tmp_path / "out.exr", ConvertSettings("equirectangular"))


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(HdrError, match="zip, dwaa"):
        ConvertSettings(compression="jpeg")  # type: ignore[arg-type]
