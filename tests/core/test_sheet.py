"""The sheet and its parts show what is there: the right colours, the right balls, the right places."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hdr_core
from hdr_core.errors import HdrError, OutputError, PhotoError
from hdr_core.exr import SOFTWARE, write_exr
from hdr_core.photo import srgb_decode
from hdr_core.sheet import SheetFacts, balls, clipped_overlay, false_colour, histogram, sheet, split, tone_map, write_sheet
from hdr_core.sheet.balls import ALBEDO
from hdr_core.sheet.facts import measure
from hdr_core.sheet.false_colour import BAND_COLOURS, HIGHEST, LOWEST
from hdr_core.sheet.histogram import bins
from hdr_core.sheet.layout import SIZE
from hdr_core.sheet.light import shrink
from hdr_core.sheet.text import draw_text, shortened, text_width
from hdr_core.sheet.views import ALL_CLIPPED, SOME_CLIPPED

ROOT = Path(hdr_core.__file__).parents[1]
DIFFUSE, GLOSSY, MIRROR = range(3)


def lamp(row: float, column: float, colour: tuple[float, float, float] = (1, 1, 1), power: float = 500) -> np.ndarray:
    """A dark panorama, (64, 128, 3), with a lamp at (row, column), both in [0, 1]."""
    panorama = np.full((64, 128, 3), 0.001, np.float32)
    y, x = round(row * 64), round(column * 128)
    panorama[y - 1 : y + 1, x - 1 : x + 1] = np.array(colour, np.float32) * power
    return panorama


def brightest(ball: np.ndarray) -> tuple[float, float]:
    """Where a ball is brightest: (right, up) of its middle, in radii."""
    bright = ball.sum(-1)
    rows, columns = np.nonzero(bright >= 0.999 * bright.max())
    radius = len(ball) / 2
    return float(columns.mean() + 0.5 - radius) / radius, float(radius - rows.mean() - 0.5) / radius


def test_at_0_ev_the_photos_light_gives_back_its_codes_and_one_stop_doubles() -> None:
    codes = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    light = srgb_decode(codes / 255)
    assert np.array_equal(tone_map(light, 0), codes)
    assert np.array_equal(tone_map(light / 8, 3), codes)
    assert tone_map(np.array([[[5.0, 0.5, -1.0]]]), 1).tolist() == [[[255, 255, 0]]]


@pytest.mark.parametrize(("kind", "white"), [(np.uint8, 255), (np.uint16, 65535)])
def test_the_overlay_marks_what_clipped_and_nothing_else(kind: type, white: int) -> None:
    photo = np.full((40, 60, 3), white * 0.5, kind)
    photo[:, 20:40, 0] = white
    photo[:, 40:] = np.uint32(white) * 251 // 255
    shown = clipped_overlay(photo)
    marked = [(shown == colour).all(-1) for colour in (SOME_CLIPPED, ALL_CLIPPED)]
    for mask, columns in zip(marked, (slice(20, 40), slice(40, 60)), strict=True):
        assert mask[:, columns].mean() == pytest.approx(0.5, abs=0.1)
        mask[:, columns] = False
        assert not mask.any()
    assert len(np.unique(shown[:, :20].reshape(-1, 3), axis=0)) == 1


def test_the_split_is_where_it_is_said() -> None:
    left, right = np.zeros((4, 100, 3), np.uint8), np.full((4, 100, 3), 9, np.uint8)
    shown = split(left, right, 0.3)
    assert (shown[:, :29] == 0).all()
    assert (shown[:, 29:31] == 255).all()
    assert (shown[:, 31:] == 9).all()
    assert np.array_equal(split(left, right, 0), right)
    assert np.array_equal(split(left, right, 1), left)


def test_every_stop_has_its_colour_and_lighter_is_brighter() -> None:
    stops = np.arange(LOWEST - 1, HIGHEST + 1)
    shown = false_colour(np.repeat(2.0 ** (stops + 0.5), 3).reshape(1, -1, 3))
    assert np.array_equal(shown[0], BAND_COLOURS)
    assert len(np.unique(BAND_COLOURS, axis=0)) == len(BAND_COLOURS)
    lightness = srgb_decode(BAND_COLOURS / 255) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()
    black, white, above = false_colour(np.array([[[0, 0, 0], [1, 1, 1], [1.01, 1.01, 1.01]]], np.float32))[0]
    assert np.array_equal(black, BAND_COLOURS[0])
    assert np.array_equal(white, BAND_COLOURS[-LOWEST])  # the last that a photo can have
    assert np.array_equal(above, BAND_COLOURS[-LOWEST + 1])


def test_the_histogram_counts_by_solid_angle() -> None:
    radiance = np.full((90, 180, 3), 0.2, np.float32)
    radiance[:30] = 100  # the cap above 30 degrees: a quarter of the sphere
    above = bins()[:-1] >= 0
    assert histogram(radiance, panorama=True)[above].sum() == pytest.approx(0.25, abs=1e-3)
    assert histogram(radiance, panorama=False)[above].sum() == pytest.approx(1 / 3)
    assert histogram(np.full((2, 4, 3), 255, np.uint8), panorama=False)[above].sum() == 0


def test_shrinking_keeps_the_light() -> None:
    pixels = np.random.default_rng(1).random((100, 37, 3), np.float32)
    assert shrink(pixels, 7, 5).mean((0, 1)) == pytest.approx(pixels.mean((0, 1)), rel=1e-5)
    assert np.array_equal(shrink(pixels, 200, 74)[::2, ::2], pixels)


def test_balls_in_even_light() -> None:
    lit = balls(np.full((64, 128, 3), 2.0, np.float32), 60)
    assert [ball[30, 30].tolist() for ball in lit] == [pytest.approx([2 * share] * 3, rel=1e-3) for share in (ALBEDO, 1, 1)]
    assert (lit[:, 0, 0] == 0).all()


@pytest.mark.parametrize("column", [0.25, 0.75])
def test_a_lamp_beside_the_camera_shines_on_its_own_side_half_way_out(column: float) -> None:
    side = -1 if column < 0.5 else 1
    for ball in balls(lamp(0.5, column), 120)[[GLOSSY, MIRROR]]:
        right, up = brightest(ball)
        assert right == pytest.approx(side * 0.5**0.5, abs=0.04)  # where the surface is turned by 45 degrees
        assert up == pytest.approx(0, abs=0.04)


def test_what_is_above_is_above_and_what_is_behind_the_camera_is_in_the_middle() -> None:
    assert brightest(balls(lamp(0.25, 1 - 1 / 128), 120)[MIRROR]) == pytest.approx((0, 0.38), abs=0.05)
    for ball in balls(np.roll(lamp(0.5, 0.5), 64, axis=1), 120):
        assert brightest(ball) == pytest.approx((0, 0), abs=0.05)


def test_two_lamps_keep_their_colours_and_sides() -> None:
    lit = balls(lamp(0.5, 0.25, (1, 0, 0)) + lamp(0.5, 0.75, (0, 0, 1)), 60)
    for ball in lit:
        red, _, blue = np.moveaxis(ball, -1, 0)
        assert red[:, :25].max() > 20 * blue[:, :25].max()
        assert blue[:, 35:].max() > 20 * red[:, 35:].max()


def test_a_small_lamp_lights_the_diffuse_ball_as_much_as_its_solid_angle_says() -> None:
    panorama = lamp(0.5, 0.25) - 0.001
    solid_angle = 4 * (2 * np.pi / 128) * (np.pi / 64)
    right_most = balls(panorama, 200)[DIFFUSE][100, 1]
    assert right_most[0] == pytest.approx(ALBEDO * 500 * solid_angle / np.pi, rel=0.03)


def test_facts_are_measured() -> None:
    photo = np.full((10, 10, 3), 128, np.uint8)
    photo[2, 3] = 255
    radiance = np.full((10, 10, 3), 0.25, np.float32)
    radiance[2, 3] = 99 * 0.25
    counts = histogram(radiance, panorama=False)
    found = measure(photo, radiance, counts, bins(), panorama=False)
    assert (found.clipped, found.at) == (pytest.approx(0.01), (2, 3))
    assert (found.peak, found.above) == (pytest.approx(24.75), pytest.approx(0.5))
    assert found.stops == pytest.approx(np.log2(99), abs=0.26)


def test_text_can_be_read_and_fits() -> None:
    canvas = np.zeros((40, 200, 3), np.uint8)
    draw_text(canvas, 100, 2, "Zürich 漢", size=28, colour=(10, 200, 30), align="centre")
    assert canvas.max((0, 1)).tolist() == [10, 200, 30]
    drawn = np.nonzero(canvas.any((0, 2)))[0]
    assert (drawn[0] + drawn[-1]) / 2 == pytest.approx(100, abs=4)
    assert shortened("short", 200, 14) == "short"
    cut = shortened("a_very_long_name_of_a_photo" * 5, 200, 14)
    assert cut.startswith("a_very")
    assert text_width(cut, 14) <= 200
    draw_text(canvas, 190, 35, "beyond the edge")


@pytest.mark.parametrize("shape", [(32, 64), (48, 32), (3, 200), (1, 1)])
def test_any_shape_has_a_sheet(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(2).integers(0, 256, (*shape, 3), np.uint8)
    for radiance in (srgb_decode(photo / 255) ** 3 * 50, np.zeros((*shape, 3), np.float32)):
        made = sheet(photo, radiance, SheetFacts("x", panorama=shape[1] == 2 * shape[0]))
        assert (made.shape, made.dtype) == ((*SIZE, 3), np.uint8)
    with pytest.raises(ValueError, match="one shape"):
        sheet(photo, radiance[:-1], SheetFacts("x", panorama=False))


@pytest.fixture
def converted(tmp_path: Path) -> tuple[Path, Path]:
    """A photo and what might have been made from it."""
    codes = np.full((32, 64, 3), 90, np.uint8)
    codes[8:10, 20:24] = 255
    light = srgb_decode(codes / 255)
    light[8:10, 20:24] *= 300
    Image.fromarray(codes).save(tmp_path / "lamp.png")
    header = {"software": f"{SOFTWARE} 1", "projection": "equirectangular", "restoredLight": "0.620 (0.410 to 0.780)"}
    write_exr(tmp_path / "lamp.exr", light, header=header)
    return tmp_path / "lamp.png", tmp_path / "lamp.exr"


def test_a_sheet_is_written_and_replaces_a_sheet_only(converted: tuple[Path, Path], tmp_path: Path) -> None:
    target = tmp_path / "lamp.sheet.png"
    assert write_sheet(*converted, target) == target
    first = target.read_bytes()
    with Image.open(target) as picture:
        assert (picture.size, picture.mode) == (SIZE[::-1], "RGB")
        assert picture.info["Software"].startswith(SOFTWARE)
    write_sheet(*converted, target)
    assert target.read_bytes() == first
    Image.new("RGB", (9, 9)).save(target)
    with pytest.raises(OutputError, match="no sheet of this software"):
        write_sheet(*converted, target)
    write_sheet(*converted, target, overwrite=True)
    assert target.read_bytes() == first
    assert {path.name for path in tmp_path.iterdir()} == {"lamp.png", "lamp.exr", "lamp.sheet.png"}


def test_what_makes_no_sheet_is_said(converted: tuple[Path, Path], tmp_path: Path) -> None:
    photo, exr = converted
    Image.new("RGB", (8, 4)).save(tmp_path / "small.png")
    cases: list[tuple[tuple[Path, Path, Path], type[HdrError], str]] = [
        ((tmp_path / "small.png", exr, tmp_path / "s.png"), PhotoError, "8 x 4"),
        ((photo, photo, tmp_path / "s.png"), PhotoError, "no OpenEXR"),
        ((photo, exr, tmp_path / "s.jpg"), OutputError, "does not end in .png"),
        ((photo, exr, photo), OutputError, "the photo or the result itself"),
        ((photo, exr, tmp_path / "missing" / "s.png"), OutputError, "does not exist"),
    ]
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for arguments, kind, words in cases:
        with pytest.raises(kind, match=words):
            write_sheet(*arguments, overwrite=True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hdr_core.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_command_line_makes_the_same_sheet_then_and_later(panorama: Path, tmp_path: Path) -> None:
    exr, at_once, later = tmp_path / "a.exr", tmp_path / "at_once.png", tmp_path / "later.png"
    assert run("convert", panorama, "-o", exr, "--sheet", at_once).returncode == 0
    done = run("sheet", panorama, exr, later)
    assert (done.returncode, done.stdout) == (0, f"{later}\n")
    assert later.read_bytes() == at_once.read_bytes()


def test_a_sheet_that_cannot_be_written_is_said_before_converting(panorama: Path, tmp_path: Path) -> None:
    done = run("convert", panorama, "-o", tmp_path / "a.exr", "--sheet", tmp_path / "sheet.gif")
    assert done.returncode == 1
    assert "sheet.gif.png" not in done.stderr
    assert "does not end in .png" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_batch_makes_sheets_that_are_no_photos_of_the_next(panorama: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(panorama.read_bytes())
    for _ in range(2):
        done = run("batch", tmp_path, tmp_path, "--sheet")
        assert (done.returncode, done.stderr) == (0, "")
        assert {path.name for path in tmp_path.iterdir()} == {"a.png", "a.exr", "a.sheet.png"}
