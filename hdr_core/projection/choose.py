"""Which projection a picture has: as asked, as its metadata say, or as it looks; and through which lens that sees the world."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ProjectionError
from ..settings import ConvertSettings
from ..source_view import NAMES, SourceView
from . import detect
from .cube import Layout, layout_for
from .face_files import face_files
from .lenses import Circle, Cylindrical, DualFisheye, Equirectangular, Fisheye, Lens, MirrorBall, Perspective
from .level import find_level
from .rim import rim_drawn_out
from .rooms import find_focal

if TYPE_CHECKING:
    import numpy as np

    from ..camera_tags import CameraTags, Panorama

_DIAGONAL = math.hypot(36, 24)  # mm, of a full-frame sensor
_ASSUMED_35MM = 28.0  # mm: about what phones' main cameras have
_ASSUMED_HEIGHT = 60.0  # degrees, of a panorama that is nothing but wide
_SWEPT = 2.2  # width by height from which on a picture is taken for a panorama
_RECTILINEAR = 120.0  # degrees: wider than this hardly any photo is
_FISHEYE, _DUAL = 180.0, 190.0  # degrees of one lens, where nothing is said
_OR_A_BALL = "a circle on black; it may be a mirror ball: if so, choose that projection"
_LIMITS = {"perspective": 170.0, "equirectangular": 360.0, "cylindrical": 360.0, "fisheye": 360.0, "dual_fisheye": 280.0}


@dataclass(frozen=True)
class Chosen:
    """view: what is known, its tilt as the metadata have it. lens: None of a flat picture and of cube faces.

    layout: of a cube map in one picture; files: of one in six, by face.
    """

    view: SourceView
    lens: Lens | None = None
    layout: Layout | None = None
    files: dict[str, Path] | None = None


def choose(pixels: np.ndarray, tags: CameraTags, settings: ConvertSettings, path: Path) -> Chosen:
    """The projection of an upright picture, (H, W, 3) code values or light, that was read from `path`.

    Raises ProjectionError when the picture cannot have the projection, or the field of view, that was asked for.
    """
    height, width = pixels.shape[:2]
    asked, fov = settings.projection, settings.fov
    if asked == "by_shape":
        asked = "equirectangular" if width == 2 * height else "flat"
    if asked == "auto":
        return _found(pixels, tags, fov, path)
    if fov > _LIMITS.get(asked, math.inf):
        raise ProjectionError(
            f"A {NAMES[asked]} cannot have a field of view of {fov:g} degrees.", f"Give {_LIMITS[asked]:g} degrees or less."
        )
    return _as_asked(asked, pixels, tags, fov, path)


def _as_asked(asked: str, pixels: np.ndarray, tags: CameraTags, fov: float, path: Path) -> Chosen:  # noqa: PLR0911
    height, width = pixels.shape[:2]
    match asked:
        case "flat" | "tileable":
            return Chosen(SourceView("flat", "asked for"))
        case "equirectangular":
            if tags.panorama is not None and not fov:
                return _by_gpano(tags.panorama, tags, width, height, "equirectangular")
            if not fov and width != 2 * height:
                raise ProjectionError(
                    f"The picture is {width} x {height}, and an equirectangular panorama is exactly twice as wide as high.",
                    f"Stitch or crop it to 2:1 (such as {2 * height} x {height}), say how many degrees it covers (fov), choose "
                    'projection="auto", or convert it as a picture, with no wrap, by projection="flat".',
                )
            return _equirectangular(width, height, fov or 360.0, tags, "asked for")
        case "perspective":
            return _perspective(pixels, tags, fov, "asked for")
        case "cylindrical":
            return _cylindrical(width, height, tags, fov, "asked for")
        case "fisheye":
            return _fisheye(pixels, tags, fov, "asked for")
        case "dual_fisheye":
            circles = detect.find_two_circles(pixels)
            return _dual(circles or _two_halves(width, height), fov, "asked for")
        case "mirror_ball":
            circle = detect.find_circle(pixels) or _inscribed(width, height)
            return Chosen(SourceView("mirror_ball", "asked for", 360.0, 360.0, "all around"), MirrorBall(width, height, circle))
    return _cube(pixels, path)


def _found(pixels: np.ndarray, tags: CameraTags, fov: float, path: Path) -> Chosen:  # noqa: PLR0911
    """What the picture is most likely, the surest signs first."""
    height, width = pixels.shape[:2]
    if tags.panorama is not None and tags.panorama.projection in {"equirectangular", "cylindrical"}:
        return _by_gpano(tags.panorama, tags, width, height, tags.panorama.projection)
    files = face_files(path)
    if files is not None and width == height:
        return Chosen(SourceView("cube", "six files", 90.0, 90.0, "a cube's"), files=files)
    circles = detect.find_two_circles(pixels)
    if circles is not None:
        return _dual(circles, fov, "two circles")
    if width == 2 * height and not fov and (not (tags.focal_35mm or tags.focal_pixels) or detect.joins(pixels)):
        return _equirectangular(width, height, 360.0, tags, "2:1")
    layout = detect.find_cube(pixels)
    if layout is not None:
        return Chosen(SourceView("cube", layout.name, 90.0, 90.0, "a cube's"), layout=layout)
    if (circle := detect.find_circle(pixels)) is not None:
        drawn_out = not fov and "fisheye" not in tags.lens.lower() and rim_drawn_out(pixels, circle)
        return _fisheye(pixels, tags, fov, _OR_A_BALL if drawn_out else "a circle on black")
    if "fisheye" in tags.lens.lower().replace("-", "").replace(" ", ""):
        return _fisheye(pixels, tags, fov, "the lens's name")
    if width > _SWEPT * height and not fov and detect.goes_around(pixels):
        return _equirectangular(width, height, 360.0, tags, "its sides join")
    if tags.swept or (width > _SWEPT * height and (not fov or fov > _RECTILINEAR)):
        return _cylindrical(width, height, tags, fov, "a sweep by its EXIF" if tags.swept else "its width")
    return _perspective(pixels, tags, min(fov, _LIMITS["perspective"]), "its shape")


def _perspective(pixels: np.ndarray, tags: CameraTags, fov: float, known: str) -> Chosen:
    height, width = pixels.shape[:2]
    if fov:
        focal, origin = width / 2 / math.tan(math.radians(fov) / 2), "asked for"
    elif tags.focal_35mm:
        focal, origin = tags.focal_35mm * math.hypot(width, height) / _DIAGONAL, "EXIF, 35 mm equivalent"
    elif tags.focal_pixels:
        focal, origin = tags.focal_pixels, "EXIF, sensor"
    elif (found := find_focal(pixels)) is not None:
        focal, origin = found, "from the picture"
    else:
        focal, origin = _ASSUMED_35MM * math.hypot(width, height) / _DIAGONAL, f"assumed, as of a {_ASSUMED_35MM:g} mm lens"
    across, down = (2 * math.degrees(math.atan(side / 2 / focal)) for side in (width, height))
    pitch, roll = tags.pose or (tags.pitch or 0.0, tags.roll or 0.0)
    told = "its metadata" if tags.pose is not None or tags.pitch is not None else ""
    if not told and (level := find_level(pixels, focal)) is not None:
        pitch, roll, told = level.pitch, level.roll, "from the picture"
    view = SourceView("perspective", known, across, down, origin, pitch, roll, tilt_from=told)
    return Chosen(view, Perspective(width, height, focal))


def _equirectangular(width: int, height: int, fov: float, tags: CameraTags, known: str) -> Chosen:
    density = width / math.radians(fov)
    around = fov > 359.9
    whole = around and width == 2 * height
    down = math.degrees(height / density)
    if down > 180.5:
        raise ProjectionError(
            f"A picture of {width} x {height} that covers {fov:g} degrees across would cover {down:.0f} degrees from top to "
            "bottom, more than there are.",
            "Give a larger field of view, or another projection.",
        )
    lens = Equirectangular(width, height, density, math.radians(fov) / 2, height / density / 2, wraps=around, whole=whole)
    pitch, roll = tags.pose or (0.0, 0.0)
    origin = "all around" if around else "asked for"
    return Chosen(SourceView("equirectangular", known, fov, min(down, 180.0), origin, pitch, roll), lens)


def _by_gpano(panorama: Panorama, tags: CameraTags, width: int, height: int, kind: str) -> Chosen:
    """The picture may have been made smaller since. Its middle is what it faces; how high it lies, the tags say."""
    scale = width / panorama.width
    across = min(360.0, 360.0 * panorama.width / panorama.full_width)
    density = width / math.radians(across)
    horizon = (panorama.full_height / 2 - panorama.top) * scale
    pitch, roll = tags.pose or (0.0, 0.0)
    around = across > 359.9
    lens: Lens
    if kind == "cylindrical":
        lens = Cylindrical(width, height, density, horizon, wraps=around)
        down = sum(math.degrees(math.atan(part / density)) for part in (horizon, height - horizon))
    else:
        whole = around and width == 2 * height
        top = math.pi / 2 if whole else min(horizon / density, math.pi / 2)
        lens = Equirectangular(width, height, density, math.radians(across) / 2, top, wraps=around, whole=whole)
        down = min(math.degrees(height / density), 180.0)
    return Chosen(SourceView(kind, "GPano", across, down, "GPano", pitch, roll), lens)


def _cylindrical(width: int, height: int, tags: CameraTags, fov: float, known: str) -> Chosen:
    """Without a field of view: phones sweep upright, so that the panorama's height is the longer side of their sensor."""
    pitch, roll = tags.pose or (0.0, 0.0)
    if fov:
        density, origin = width / math.radians(fov), "asked for"
    elif tags.focal_35mm:
        density, origin = tags.focal_35mm * height / 36, "EXIF, as a phone sweeps"
    else:
        density = height / 2 / math.tan(math.radians(_ASSUMED_HEIGHT) / 2)
        origin = f"assumed, {_ASSUMED_HEIGHT:g}° high"
    density = max(density, width / (2 * math.pi))
    across = math.degrees(width / density)
    down = 2 * math.degrees(math.atan(height / 2 / density))
    view = SourceView("cylindrical", known, across, down, origin, pitch, roll)
    return Chosen(view, Cylindrical(width, height, density, height / 2, wraps=across > 359.9))


def _fisheye(pixels: np.ndarray, tags: CameraTags, fov: float, known: str) -> Chosen:
    height, width = pixels.shape[:2]
    circle = detect.find_circle(pixels)
    degrees, origin = (fov, "asked for") if fov else (_FISHEYE, "assumed")
    cropped = circle is None and width != height
    if circle is None:  # all that a picture without black holds lies in the circle around it; a square one is the circle's own
        circle = Circle(width / 2, height / 2, math.hypot(width, height) / 2 if cropped else width / 2)
    pitch, roll = tags.pose or (tags.pitch or 0.0, tags.roll or 0.0)
    view = SourceView("fisheye", known, degrees, degrees, origin, pitch, roll)
    return Chosen(view, Fisheye(width, height, circle, math.radians(degrees) / 2, cropped))


def _dual(circles: tuple[Circle, Circle], fov: float, known: str) -> Chosen:
    degrees, origin = (fov, "asked for") if fov else (_DUAL, "assumed, of each lens")
    if degrees < 180:
        raise ProjectionError(
            f"Two fisheyes of {degrees:g} degrees each do not see all around.",
            "Give the field of view of one lens, 180 or more.",
        )
    view = SourceView("dual_fisheye", known, degrees, degrees, origin)
    width, height = (math.ceil(circles[1].x + circles[1].radius), math.ceil(circles[1].y + circles[1].radius))
    return Chosen(view, DualFisheye(width, height, circles, math.radians(degrees) / 2))


def _cube(pixels: np.ndarray, path: Path) -> Chosen:
    height, width = pixels.shape[:2]
    layout = layout_for(width, height) or detect.find_cube(pixels)
    if layout is not None:
        return Chosen(SourceView("cube", f"asked for: {layout.name}", 90.0, 90.0, "a cube's"), layout=layout)
    files = face_files(path) if width == height else None
    if files is None:
        raise ProjectionError(
            f"The picture is {width} x {height}: no cross (4:3, 3:4) or strip (6:1) of faces, nor one of six files.",
            "Name six files after their faces, such as sky_px.png, sky_nx.png, sky_py.png, sky_ny.png, sky_pz.png and "
            "sky_nz.png, or give a cross or a strip.",
        )
    return Chosen(SourceView("cube", "asked for: six files", 90.0, 90.0, "a cube's"), files=files)


def _inscribed(width: int, height: int) -> Circle:
    return Circle(width / 2, height / 2, min(width, height) / 2)


def _two_halves(width: int, height: int) -> tuple[Circle, Circle]:
    radius = min(width / 4, height / 2)
    return Circle(width / 4, height / 2, radius), Circle(3 * width / 4, height / 2, radius)
