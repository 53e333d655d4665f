"""A library as a studio would have it: mixed, with bad files, converted once and looked at from all sides."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hdr_core
from hdr_core import ConvertSettings
from hdr_core.cli import main
from hdr_core.client import WorkerClient
from hdr_core.colour import srgb_decode
from hdr_core.convert import Result
from hdr_core.errors import OutputError, PhotoError, ProjectionError
from hdr_core.exr import read_exr
from hdr_core.hdr_file import read_radiance
from hdr_core.library import Batch, Failed, Finished, LibrarySettings, Rule, convert_library
from hdr_core.library.journal import Journal, read_entries, read_history
from hdr_core.library.places import Places
from hdr_core.library.plan import make_plan
from hdr_core.library.produce import produce
from hdr_core.library.work import File, Work
from hdr_core.library.writer import LibraryWriter
from hdr_core.photo import Photo
from hdr_core.projection.face_files import FACES

RULES = (Rule("sub/*", "flat"), Rule("sky/*", "cube"))
SETTINGS = LibrarySettings(sizes=("original", "1k"), formats=("exr", "hdr"), rules=RULES)
ROOT = Path(hdr_core.__file__).parents[1]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, take: Callable[[Path, int, int], Path]) -> Path:
    """photos/ and what became of it, results/ and results.batch/."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "photos" / "sub").mkdir(parents=True)
    take(folder / "photos" / "large.jpg", 1040, 520)
    take(folder / "photos" / "sub" / "wide.png", 64, 32)
    (folder / "photos" / "sub" / "bad.jpg").write_bytes(b"no picture")
    y, x = np.mgrid[0:48, 0:48] / 48 * 2 * np.pi
    wave = 150 + 100 * np.sin(x + 1) * np.cos(y)
    tile = np.stack([wave, wave, wave, 128 + 100 * np.cos(x)], -1)
    Image.fromarray(tile.clip(0, 255).astype(np.uint8)).save(folder / "photos" / "lamp_emission.png")
    take(folder / "photos" / "lamp_normal.png", 48, 48)
    sign = np.full((40, 56, 4), 255, np.uint8)
    sign[..., 3] = np.pad(np.full((30, 46), 255), 5)
    Image.fromarray(sign).save(folder / "photos" / "sign.png")
    (folder / "photos" / "sky").mkdir()
    for place, name in enumerate(("px", "nx", "py", "ny", "pz", "nz")):
        Image.fromarray(np.full((16, 16, 3), 60 + 20 * place, np.uint8)).save(folder / "photos" / "sky" / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def outcome(library: Path) -> list[Finished | Failed]:
    return convert_library(library / "photos", library / "results", SETTINGS, contact_sheet=True)


def no_worker(_: Mapping[str, str]) -> WorkerClient:
    raise AssertionError("there was nothing to convert")


def test_every_photo_by_its_rule_and_in_its_folder(library: Path, outcome: list[Finished | Failed], tmp_path: Path) -> None:
    made = {path.relative_to(library / "results").as_posix() for path in (library / "results").rglob("*") if path.is_file()}
    stems = {"large", "large_1k", "lamp_emission", "sign", "sub/wide", "sky/sky"}
    assert made == {f"{stem}.{kind}" for stem in stems for kind in ("exr", "hdr")}
    shown = {stem: read_exr(library / "results" / f"{stem}.exr")[1]["projection"] for stem in stems}
    kinds = {"sub/wide": "flat", "lamp_emission": "tileable", "sign": "flat"}
    assert shown == dict.fromkeys(("large", "large_1k", "sky/sky"), "equirectangular") | kinds
    hdr_core.convert(library / "photos" / "large.jpg", tmp_path / "large.exr")
    assert (tmp_path / "large.exr").read_bytes() == (library / "results" / "large.exr").read_bytes()


def test_one_bad_file_is_named_with_its_reason(library: Path, outcome: list[Finished | Failed]) -> None:
    failed = [event for event in outcome if isinstance(event, Failed)]
    assert [event.source for event in failed] == ["sub/bad.jpg"]
    assert len(outcome) == 6
    report = json.loads((library / "results.batch" / "report.json").read_text())
    assert report["statistics"]["done"] == 5
    assert report["left_out"] == [{"source": "lamp_normal.png", "why": "it looks like a normal map, which holds no light"}]
    bad = next(photo for photo in report["photos"] if photo["outcome"] == "failed")
    assert (bad["source"], bad["error"]) == ("sub/bad.jpg", "PhotoError")
    page = (library / "results.batch" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 5
    assert bad["next_step"] in page
    assert "http" not in page
    with Image.open(library / "results.batch" / "contact-sheet.png") as sheet:
        assert sheet.width > 1400


def test_smaller_and_hdr_files_hold_the_same_light(library: Path, outcome: list[Finished | Failed]) -> None:
    def irradiance(pixels: np.ndarray) -> np.ndarray:
        area = np.cos(((np.arange(len(pixels)) + 0.5) / len(pixels) - 0.5) * np.pi)
        return (pixels.mean(1, dtype=np.float64) * area[:, None]).sum(0) / area.sum()

    light = {name: irradiance(read_exr(library / "results" / f"{name}.exr")[0]) for name in ("large", "large_1k")}
    light["hdr"] = irradiance(read_radiance(library / "results" / "large_1k.hdr", 2**20))
    assert light["large"].min() > 0.1
    for name in ("large_1k", "hdr"):
        np.testing.assert_allclose(light[name], light["large"], rtol=2e-3)
    assert read_exr(library / "results" / "large_1k.exr")[0].shape == (512, 1024, 3)


def test_alpha_is_kept(library: Path, outcome: list[Finished | Failed]) -> None:
    pixels, _ = read_exr(library / "results" / "lamp_emission.exr")
    alpha = np.asarray(Image.open(library / "photos" / "lamp_emission.png"))[..., 3]
    np.testing.assert_allclose(pixels[..., 3], alpha / 255, atol=1e-3)


def test_what_is_done_is_not_done_again(library: Path, outcome: list[Finished | Failed]) -> None:
    (library / "photos" / "sub" / "bad.jpg").rename(library / "bad.jpg")
    try:
        for photo in (library / "photos").rglob("*.*"):
            os.utime(photo)  # a newer time is no change
        assert convert_library(library / "photos", library / "results", SETTINGS, make_worker=no_worker) == []
    finally:
        (library / "bad.jpg").rename(library / "photos" / "sub" / "bad.jpg")


@pytest.mark.parametrize("change", ["content", "settings", "lost result", "shortened result", "force"])
def test_what_changed_is_done_again(change: str, library: Path, outcome: list[Finished | Failed], capsys) -> None:
    photo, result = library / "photos" / "sub" / "wide.png", library / "results" / "sub" / "wide.exr"
    kept, status, made = photo.read_bytes(), photo.stat(), result.read_bytes()
    options = ["--sizes", "1k,original", "--formats", "hdr,exr", "--rule", "sub/*=flat", "--include", "wide.*"]
    try:
        match change:
            case "content":
                photo.write_bytes(kept[:-1] + b"?")
                os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
            case "settings":
                options += ["--input-curve", "srgb"]
            case "lost result":
                result.unlink()
            case "shortened result":
                result.write_bytes(made[:-1])
            case "force":
                options += ["--force"]
        command = ["batch", str(library / "photos"), str(library / "results"), "--dry-run", "--json-lines"]
        assert main([*command, *options]) == 0
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [(line["source"], line["convert"]) for line in said] == [("sub/wide.png", True)]
        assert main([*command[:3], "--dry-run", "--quiet", *(option for option in options if option != "--force")]) == 0
    finally:
        photo.write_bytes(kept)
        result.write_bytes(made)


def test_a_cube_map_in_six_files_is_done_again_when_any_of_them_changes(library: Path, outcome: list, capsys) -> None:
    face = library / "photos" / "sky" / "pz.png"
    kept = face.read_bytes()
    command = ["batch", str(library / "photos"), str(library / "results"), "--dry-run", "--include", "sky/*", "--json-lines"]
    command += ["--sizes", "original,1k", "--formats", "exr,hdr", "--rule", "sky/*=cube"]
    for content, convert in ((kept, False), (kept[:-1] + b"?", True)):
        try:
            face.write_bytes(content)
            assert main(command) == 0
        finally:
            face.write_bytes(kept)
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [(line["source"], line["convert"]) for line in said] == [("sky/nx.png", convert)]


def test_pictures_and_tags_of_absolute_light_are_as_of_other_light(tmp_path: Path) -> None:
    codes = np.random.default_rng(1).integers(0, 255, (32, 64, 3), np.uint8)
    light = srgb_decode(codes / np.float32(255)).astype(np.float32)
    seen = []
    for white in (1, 5000):
        folder = tmp_path / str(white)
        folder.mkdir()
        files = (File(str(folder / "a.exr"), "original", "exr"),)
        pictures = [str(folder / name) for name in ("thumbnail.jpg", "preview.png")]
        work = Work("a.jpg", files, ConvertSettings(), "sphere", "", *pictures, overwrite=False, cube=False)
        writer = LibraryWriter(work)
        header = {"projection": "equirectangular", "sun": "none", "white": str(white)}
        writer.write(Photo(codes, None, "sRGB"), Result(light * np.float32(white), None), header)
        assert read_exr(folder / "a.exr")[0].max() == pytest.approx(light.max() * white, rel=1e-3)
        seen.append((writer.tags, *(np.asarray(Image.open(picture)).astype(int) for picture in pictures)))
    assert seen[0][0] == seen[1][0]
    for one, other in zip(seen[0][1:], seen[1][1:], strict=True):
        assert np.abs(one - other).max() <= 2


def test_six_photos_that_only_bear_a_cubes_names_are_not_left_out(tmp_path: Path) -> None:
    for name in FACES:
        Image.new("RGB", (16, 12)).save(tmp_path / f"chair_{name}.png")
    files = (File(str(tmp_path / "chair.exr"), "original", "exr"),)
    work = Work(str(tmp_path / "chair_back.png"), files, ConvertSettings(), "sphere", "", "", "", overwrite=False, cube=True)
    with pytest.raises(ProjectionError, match=r"16 x 12.*chair\*=perspective"):
        produce(work)
    for rules, items in (((), 1), ((Rule("chair_*", "perspective"),), 6)):
        settings = LibrarySettings(others="sphere", rules=rules)
        places = Places.of(tmp_path, tmp_path / "out", None)
        assert len(make_plan(places.source, places.apart, settings).items) == items


def test_a_dry_run_writes_nothing_and_says_what_it_would_do(library: Path, tmp_path: Path, capsys) -> None:
    assert main(["batch", str(library / "photos"), str(tmp_path / "new"), "--dry-run", "--sizes", "2k"]) == 0
    said = capsys.readouterr().out
    assert "large.jpg: new -> large_2k.exr\n" in said
    assert "lamp_normal.png: left out" in said
    assert list(tmp_path.iterdir()) == []


def test_programs_hear_of_it_in_json_lines(library: Path, outcome: list[Finished | Failed], capsys) -> None:
    options = ["--sizes", "original,1k", "--formats", "exr,hdr", "--exclude", "bad.*", "--json-lines"]
    options += ["--rule", "sub/*=flat", "--rule", "sky/*=cube"]
    assert main(["batch", str(library / "photos"), str(library / "results"), *options]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[0]["event"] == "plan"
    assert {name: events[-1][name] for name in ("event", "done", "skipped", "failed")} == {
        "event": "end",
        "done": 0,
        "skipped": 5,
        "failed": 0,
    }


def test_two_runs_do_not_meet(library: Path, outcome: list[Finished | Failed]) -> None:
    with Journal(library / "results.batch"), pytest.raises(OutputError, match="Another run"):
        Batch(library / "photos", library / "results", SETTINGS)


@pytest.mark.skipif(os.name != "posix", reason="kills by a signal")
def test_a_photo_whose_worker_dies_is_tried_again(library: Path, tmp_path: Path) -> None:
    settings = LibrarySettings(include=("wide.png",))
    with Batch(library / "photos", tmp_path / "results", settings) as batch:
        killed = False
        while not batch.poll():
            pid = next((entry["pid"] for entry in read_entries(tmp_path / "results.batch") if entry["event"] == "start"), 0)
            if pid and not killed:
                os.kill(pid, signal.SIGKILL)
                killed = True
        assert killed
        assert [type(event) for event in batch.news()] == [Finished]


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files")
def test_a_journal_that_found_no_room_goes_on_where_it_was(tmp_path: Path) -> None:
    code = f"""
import resource, signal
from pathlib import Path
from hdr_core.errors import OutputError
from hdr_core.library.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Journal(Path({str(tmp_path)!r})) as journal:
    journal.append("start", source="a", pid=1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60, resource.RLIM_INFINITY))
    try:
        journal.append("start", source="b", pid=2)
    except OutputError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.append("start", source="c", pid=3)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert "journal.jsonl" in done.stdout
    assert read_history(tmp_path).begun == {"a": 1, "c": 3}


def test_the_plan_leaves_results_and_hidden_folders_alone(tmp_path: Path) -> None:
    for name in (
        "a.jpg",
        "A.PNG",
        "out/a.jpg",
        ".thumbnails/a.jpg",
        "deep/er/b.tif",
        "deep/a_1k.jpg",
        "deep/a.jpg",
        "x.sheet.png",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    settings = LibrarySettings(sizes=("original", "1k"))
    places = Places.of(tmp_path, tmp_path / "out", None)
    plan = make_plan(places.source, places.apart, settings)
    assert {item.source: item.clash is not None for item in plan.items} == {
        "A.PNG": False,
        "a.jpg": True,
        "deep/a.jpg": False,
        "deep/a_1k.jpg": True,
        "deep/er/b.tif": False,
    }
    few = LibrarySettings(include=("deep/**",), exclude=("*_1k.*",), recursive=True)
    assert [item.source for item in make_plan(places.source, places.apart, few).items] == [
        "deep/a.jpg",
        "deep/er/b.tif",
    ]
    for name in ("maps/hall_4k.jpg", "maps/room_4k.jpg", "maps/room_1k.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    settings = LibrarySettings(sizes=("1k",), include=("maps/*",))
    made = {item.source: item.outputs[0].path for item in make_plan(places.source, places.apart, settings).items}
    assert made == {
        "maps/hall_4k.jpg": "maps/hall_1k.exr",
        "maps/room_1k.jpg": "maps/room_1k_1k.exr",
        "maps/room_4k.jpg": "maps/room_4k_1k.exr",
    }
    with pytest.raises(PhotoError, match="patterns"):
        make_plan(places.source, places.apart, LibrarySettings(include=("*.webp",)))
