"""Pictures of every projection become the map of the world that they show: nothing is moved, no light lost or made."""

from __future__ import annotations

import math
from pathlib import Path

import light_field
import numpy as np
import pytest
from light_field import LENSES, cube_faces, field, picture
from PIL import Image

from hdr_core import ConvertSettings
from hdr_core.camera_tags import CameraTags, Panorama
from hdr_core.colour import srgb_encode
from hdr_core.errors import ProjectionError
from hdr_core.projection.choose import Chosen, choose
from hdr_core.projection.cube import LAYOUTS, atlas
from hdr_core.projection.face_files import FACES, cube_name, face_files
from hdr_core.projection.resample import map_width, rotation, to_map
from hdr_core.sphere.patch import pixel_directions, row_areas

HERE = Path("photo.jpg")


def world(width: int, turn: np.ndarray) -> np.ndarray:
    """The truth, in a map of this width."""
    height = width // 2
    return field(pixel_directions(height, width, np.arange(height), np.arange(width)) @ turn)


@pytest.mark.parametrize("name", LENSES)
def test_radiance_and_energy_are_kept_wherever_the_photo_looks(name: str) -> None:
    lens, turn = LENSES[name], rotation(12, 7, 40)
    width = min(map_width(lens), 384)
    made = to_map(picture(lens), lens, turn, width)
    truth, whole = world(width, turn), made.covered > 0.999
    light = row_areas(width // 2, width)[:, None, None] * made.covered[..., None]
    assert np.median((np.abs(made.pixels - truth) / truth)[whole]) < 1e-3
    assert np.quantile((np.abs(made.pixels - truth) / truth)[whole], 0.99) < 0.05
    np.testing.assert_allclose((made.pixels * light).sum((0, 1)), (truth * light).sum((0, 1)), rtol=2e-3)
    assert (made.pixels[made.covered == 0] == 0).all()


def test_what_is_covered_is_the_solid_angle_of_the_view() -> None:
    lens = LENSES["perspective"]
    made = to_map(picture(lens), lens, rotation(-80, 20, 0), 512)  # across the nadir
    half = np.array([lens.width, lens.height]) / 2 / 200.0
    expected = 4 * math.asin(math.sin(math.atan(half[0])) * math.sin(math.atan(half[1])))
    assert (made.covered * row_areas(256, 512)[:, None]).sum() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("lens", [light_field.Perspective(2000, 1000, 20.0), light_field.Perspective(300, 200, 40000.0)])
@pytest.mark.parametrize("turn", [rotation(0, 0, 179), rotation(85, 20, 0), rotation(-33, 5, 77)])
def test_neither_the_widest_nor_the_narrowest_view_loses_any(lens: light_field.Perspective, turn: np.ndarray) -> None:
    made = to_map(np.ones((lens.height, lens.width, 3), np.float32), lens, turn, 1024)
    half = np.array([lens.width, lens.height]) / 2 / lens.focal
    expected = 4 * math.asin(math.sin(math.atan(half[0])) * math.sin(math.atan(half[1])))
    shown = (made.covered * row_areas(512, 1024)[:, None]).sum()
    assert shown == pytest.approx(expected, rel=0.01 if expected > 1 else 0.1)  # the narrow one is a pixel of the map


def test_a_turned_panorama_has_no_seam_at_wrap_or_poles() -> None:
    lens = LENSES["whole"]
    made = to_map(np.full((256, 512, 3), 2.5, np.float32), lens, rotation(90, 30, 10), 512)
    np.testing.assert_allclose(made.pixels, 2.5, rtol=1e-5)
    np.testing.assert_allclose(made.covered, 1, atol=1e-6)


def test_a_small_sun_keeps_its_energy() -> None:
    """One pixel of 50,000, where a lookup that is too sparse would miss it or count it twice."""
    lens = LENSES["perspective"]
    light = np.zeros((200, 300, 3), np.float32)
    light[90:92, 220:222] = 50000
    for yaw in (0.0, 33.3):
        made = to_map(light, lens, rotation(5, 0, yaw), map_width(lens))
        area = row_areas(*made.covered.shape)[:, None]
        cosine = 200 / math.hypot(200, 71, 9)
        assert (made.pixels[..., 0] * area).sum() == pytest.approx(50000 * 4 * cosine**3 / 200**2, rel=0.03)


def test_cube_maps_join_without_a_seam() -> None:
    lookup, lens = atlas(cube_faces(64))
    made = to_map(lookup, lens, np.eye(3), 256)
    truth = world(256, np.eye(3))
    assert (np.abs(made.pixels - truth) / truth).max() < 0.05
    area = row_areas(128, 256)[:, None, None]
    np.testing.assert_allclose((made.pixels * area).sum((0, 1)), (truth * area).sum((0, 1)), rtol=1e-4)


def codes(light: np.ndarray) -> np.ndarray:
    return np.rint(srgb_encode((light / 8).clip(0, 1)) * 255).astype(np.uint8)


def laid_out(layout: object) -> np.ndarray:
    faces = cube_faces(64)
    whole = np.zeros((layout.rows * 64, layout.columns * 64, 3), np.float32)  # type: ignore[attr-defined]
    for name, (x, y, turns) in layout.places.items():  # type: ignore[attr-defined]
        whole[y * 64 : (y + 1) * 64, x * 64 : (x + 1) * 64] = np.rot90(faces[FACES.index(name)], -turns)
    return whole


def found(pixels: np.ndarray, tags: CameraTags | None = None, path: Path = HERE, **asked: object) -> Chosen:
    return choose(pixels, tags or CameraTags(), ConvertSettings(**asked), path)  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_cube_map_is_recognised(layout: object) -> None:
    chosen = found(codes(laid_out(layout)))
    assert (chosen.view.kind, chosen.layout) == ("cube", layout)
    np.testing.assert_array_equal(chosen.layout.faces(laid_out(layout)), cube_faces(64))


@pytest.mark.parametrize("size", [(192, 256), (256, 192), (190, 256)])
def test_a_thing_before_white_is_no_cross(size: tuple[int, int]) -> None:
    for high, wide in ((40, 50), (60, 100), (150, 40)):
        thing = np.random.default_rng(0).integers(0, 120, (high, wide, 3), np.uint8)
        photo = np.full((*size, 3), 255, np.uint8)
        top, left = (size[0] - high) // 2, (size[1] - wide) // 2
        photo[top : top + high, left : left + wide] = thing
        assert found(photo).view.kind == "perspective"


@pytest.mark.parametrize("layout", LAYOUTS[:2], ids=lambda layout: layout.name)
def test_a_cross_that_is_some_pixels_off_its_shape_is_recognised(layout: object) -> None:
    """Cut, padded on one side or all around, or scaled: its faces are found where they are."""
    exact, truth = codes(laid_out(layout)), codes(cube_faces(64)).astype(np.float32)
    height, width = exact.shape[:2]
    scaled = np.asarray(Image.fromarray(exact).resize((width, height - 1), Image.Resampling.LANCZOS))
    white = np.pad(exact, ((0, 2), (0, 0), (0, 0)), constant_values=255)
    for pixels in (exact[:-2], exact[2:], white, np.pad(exact, ((3, 3), (3, 3), (0, 0))), scaled):
        chosen = found(pixels)
        assert (chosen.view.kind, chosen.view.known_from) == ("cube", layout.name), pixels.shape  # type: ignore[attr-defined]
        faces = chosen.layout.faces(pixels)
        assert np.abs(faces[:, 4:-4, 4:-4] - truth[:, 4:-4, 4:-4]).mean() < 1
        assert found(pixels, projection="cube").layout == chosen.layout
    assert found(codes(picture(light_field.Perspective(256, 190, 200.0)))).view.kind == "perspective"


def test_photos_of_a_cubes_shape_are_no_cubes() -> None:
    for lens in (light_field.Perspective(256, 192, 200.0), light_field.Perspective(192, 256, 200.0)):
        assert found(codes(picture(lens))).view.kind == "perspective"
    assert found(codes(picture(light_field.Cylindrical(960, 160, 200.0, 80.0)))).view.kind == "cylindrical"


def test_six_files_are_found_by_their_names(tmp_path: Path) -> None:
    for name in ("px", "nx", "py", "ny", "pz", "nz"):
        (tmp_path / f"sky_{name}.png").touch()
    (tmp_path / "front.png").touch()
    files = face_files(tmp_path / "sky_py.png")
    assert files is not None
    assert [files[name].name for name in ("right", "top", "back")] == ["sky_px.png", "sky_py.png", "sky_nz.png"]
    assert face_files(tmp_path / "front.png") is None
    assert cube_name(files.values()) == "sky"
    assert cube_name([Path(f"{face}.png") for face in FACES]) == ""


def test_fisheyes_are_recognised_by_their_circles() -> None:
    one, two = found(codes(picture(LENSES["fisheye"]))), found(codes(picture(LENSES["dual"])))
    assert (one.view.kind, two.view.kind) == ("fisheye", "dual_fisheye")
    assert one.lens.circle.radius == pytest.approx(150, abs=2)  # type: ignore[union-attr]
    assert found(codes(picture(LENSES["fisheye"])), projection="mirror_ball").view.kind == "mirror_ball"


def test_circles_that_lie_aside_or_are_cut_off_are_found_where_they_are() -> None:
    circles = (light_field.Circle(155, 153, 148), light_field.Circle(444, 146, 150))
    lens = light_field.DualFisheye(600, 300, circles, math.radians(96))
    pixels = codes(picture(lens))
    pixels[140:150, 280:292] = 0  # a dark spot at the rim
    chosen = found(pixels)
    assert chosen.view.kind == "dual_fisheye"
    for circle, truth in zip(chosen.lens.circles, circles, strict=True):  # type: ignore[union-attr]
        np.testing.assert_allclose([circle.x, circle.y, circle.radius], [truth.x, truth.y, truth.radius], atol=0.5)


def test_that_a_circle_may_be_a_mirror_ball_is_said_unless_its_rim_or_you_tell() -> None:
    lens = light_field.MirrorBall(400, 400, light_field.Circle(200, 200, 190))
    ball, fisheye = codes(picture(lens)), codes(picture(LENSES["fisheye"]))
    assert "Taken as a fisheye (a circle on black; it may be a mirror ball: if so, choose" in found(ball).view.in_words()
    assert "mirror ball" not in found(fisheye).view.in_words()
    assert "mirror ball" not in found(ball, fov=180).view.in_words()


def test_two_to_one_is_a_panorama_unless_a_lens_took_it_and_its_sides_do_not_join() -> None:
    panorama, wide = codes(picture(LENSES["whole"])), codes(picture(light_field.Perspective(512, 256, 300.0)))
    lens = CameraTags(focal_35mm=26.0)
    assert found(panorama).view.kind == found(panorama, lens).view.kind == found(wide).view.kind == "equirectangular"
    assert found(wide, lens).view.kind == "perspective"


def test_the_field_of_view_comes_from_exif_or_is_said_to_be_assumed() -> None:
    photo = np.zeros((3000, 4000, 3), np.uint8)
    by_equivalent = found(photo, CameraTags(focal_35mm=43.2666)).view
    assert by_equivalent.fov == pytest.approx(2 * math.degrees(math.atan(0.4)), abs=0.01)
    assert "EXIF" in by_equivalent.fov_from
    assert found(photo, CameraTags(focal_pixels=2000.0)).view.fov == pytest.approx(90)
    assert "assumed" in found(photo).view.fov_from
    assert found(photo, CameraTags(focal_35mm=50), fov=80).view.fov == pytest.approx(80)


def test_a_partial_panorama_lies_where_its_tags_say() -> None:
    """A phone's: 180 degrees of 360, its horizon below the middle."""
    tags = CameraTags(panorama=Panorama("equirectangular", 8000, 4000, 1000, 1400, 4000, 1000))
    chosen = found(np.zeros((500, 2000, 3), np.uint8), tags)  # made smaller since
    assert (chosen.view.kind, chosen.view.known_from, chosen.view.fov) == ("equirectangular", "GPano", 180)
    made = to_map(np.ones((500, 2000, 3), np.float32), chosen.lens, np.eye(3), 512)
    rows = np.flatnonzero(made.covered[:, 256])
    columns = np.flatnonzero(made.covered[128])
    np.testing.assert_allclose([rows[0] / 256, (rows[-1] + 1) / 256], [0.35, 0.6], atol=0.01)
    np.testing.assert_allclose([columns[0] / 512, (columns[-1] + 1) / 512], [0.25, 0.75], atol=0.01)


def test_a_phones_sweep_is_as_wide_as_its_lens_makes_it() -> None:
    """Held upright, 26 mm: the longer side of the sensor is the height."""
    chosen = found(np.zeros((1800, 8000, 3), np.uint8), CameraTags(focal_35mm=26.0, swept=True))
    assert chosen.view.kind == "cylindrical"
    assert chosen.view.vertical_fov == pytest.approx(2 * math.degrees(math.atan(18 / 26)))


def test_a_wide_panorama_whose_sides_join_goes_all_around() -> None:
    around = codes(picture(LENSES["whole"]))[40:-40]
    view = found(around).view
    assert (view.kind, view.fov, view.known_from) == ("equirectangular", 360, "its sides join")
    assert view.vertical_fov == pytest.approx(360 * len(around) / around.shape[1])
    assert found(around[30:-30, :-100]).view.kind == "cylindrical"
    assert found(around, fov=200).view.kind == "cylindrical"
    assert found(np.full((100, 400, 3), 90, np.uint8)).view.kind == "cylindrical"  # one colour joins anything


@pytest.mark.parametrize("size", [(8191, 4096), (4096, 8192), (4000, 3000), (100, 100)])
def test_another_shape_is_no_whole_panorama(size: tuple[int, int]) -> None:
    photo = np.zeros((size[1], size[0], 3), np.uint8)
    with pytest.raises(ProjectionError) as raised:
        found(photo, projection="equirectangular")
    assert f"{size[0]} x {size[1]}" in str(raised.value)
    assert 'projection="flat"' in raised.value.next_step
    assert found(photo, projection="flat").lens is None
    assert found(photo, projection="by_shape").view.kind == "flat"


@pytest.mark.parametrize(
    "asked", [{"projection": "cube"}, {"projection": "perspective", "fov": 175}, {"projection": "dual_fisheye", "fov": 90}]
)
def test_the_impossible_is_refused(asked: dict) -> None:
    with pytest.raises(ProjectionError) as raised:
        found(np.zeros((100, 150, 3), np.uint8), **asked)
    assert raised.value.next_step
