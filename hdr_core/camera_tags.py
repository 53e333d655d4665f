"""What a photo's metadata tell of how it was taken: EXIF, XMP (GPano, drones) and Apple's notes.

Metadata are hints: what is damaged or absurd in them is passed over, and never keeps a photo from being read.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass, replace
from typing import Any

from .runtime import require

_PANORAMA = 6  # CustomRendered, as Apple writes it
_HELD = 60.0  # degrees of roll from which on a phone writes another orientation
_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:/\d+)?"
_UNITS_PER_INCH = {2: 1.0, 3: 2.54, 4: 25.4}
_FULL = 65535
_SENSITIVITIES = {1: 0x8831, 2: 0x8832, 3: 0x8833}  # where the speed is, by SensitivityType
_TURNS = {3: 2, 4: 2, 5: 1, 6: 1, 7: 3, 8: 3}  # quarter turns clockwise that make it upright


@dataclass(frozen=True)
class Panorama:
    """The GPano tags: which part of a panorama the picture shows, in pixels of the whole one. projection: as they spell it."""

    projection: str
    full_width: float
    full_height: float
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class CameraTags:
    """Zero, empty or None where nothing is said.

    focal_35mm: mm on a full-frame camera with the same diagonal of view. focal_pixels: the focal length in pixels, from the
    focal length and the sensor's resolution. lens: its name. swept: it is a phone's panorama. exposure: seconds, f-number, ISO.
    pitch: degrees above the horizon that the camera looked; roll: degrees that it was turned clockwise. pose: the same two of a
    panorama. orientation: EXIF's, 1 to 8, which the pixels no longer need. headroom: stops that Apple's notes give to the gain
    map; None where they say nothing.
    """

    focal_35mm: float = 0.0
    focal_pixels: float = 0.0
    lens: str = ""
    swept: bool = False
    exposure: tuple[float, float, float] | None = None
    pitch: float | None = None
    roll: float | None = None
    pose: tuple[float, float] | None = None
    panorama: Panorama | None = None
    orientation: int = 1
    headroom: float | None = None


NO_TAGS = CameraTags()


def read_tags(exif: bytes | None, xmp: bytes | None, width: int, height: int) -> CameraTags:
    """exif: a TIFF block, with "Exif\\0\\0" before it or not; xmp: the packet. width, height: of the picture, upright."""
    tags = _from_exif(exif, width, height) if exif else CameraTags()
    return _with_xmp(tags, xmp.decode("utf-8", "replace")) if xmp else tags


def _from_exif(exif: bytes, width: int, height: int) -> CameraTags:
    image = require("PIL.Image")
    block = image.Exif()
    try:
        block.load(exif if exif.startswith(b"Exif\0\0") else b"Exif\0\0" + exif)
        details: dict[int, Any] = dict(block.get_ifd(0x8769))
        first = dict(block)
    except Exception:  # noqa: BLE001  (a damaged block may fail in any way, and is only a hint)
        return CameraTags()
    orientation = int(_number(first.get(0x0112)) or 1)
    notes = _apple_notes(details.get(0x927C))
    tags = CameraTags(
        focal_35mm=_within(_number(details.get(0xA405)), 1, 5000),
        focal_pixels=_focal_pixels(details, width, height, orientation),
        lens=str(details.get(0xA434, "")).strip("\0 "),
        swept=_number(details.get(0xA401)) == _PANORAMA,
        exposure=_exposure(details),
        orientation=orientation if 1 <= orientation <= 8 else 1,
        headroom=_apple_headroom(notes.get(0x21, ()), notes.get(0x30, ())),
    )
    gravity = notes.get(0x08, ())
    if len(gravity) == 3 and "front" not in tags.lens.lower():
        pitch, roll = _apple_tilt(gravity, tags.orientation)
        tags = replace(tags, pitch=pitch, roll=roll)
    return tags


def _number(value: object) -> float:
    try:
        number = float(value[0] if isinstance(value, tuple) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, IndexError):
        return 0.0
    return number if math.isfinite(number) else 0.0


def _within(value: float, low: float, high: float) -> float:
    return value if low <= value <= high else 0.0


def _focal_pixels(details: dict[int, Any], width: int, height: int, orientation: int) -> float:
    """Along the picture's longer side, where the picture was made smaller since."""
    focal, per_unit = _number(details.get(0x920A)), _number(details.get(0xA20E))
    per_inch = _UNITS_PER_INCH.get(int(_number(details.get(0xA210)) or 2), 0.0)
    pixels = _within(focal * per_unit * per_inch / 25.4, 1, 1e6)
    taken = _number(details.get(0xA002))
    now = height if _TURNS.get(orientation, 0) % 2 else width
    return pixels * now / taken if taken > 0 else pixels


def _exposure(details: dict[int, Any]) -> tuple[float, float, float] | None:
    """Time and f-number as they are, else as APEX values (ShutterSpeedValue, ApertureValue)."""
    time, number, speed = _number(details.get(0x829A)), _number(details.get(0x829D)), _speed(details)
    shutter, aperture = _number(details.get(0x9201)), _number(details.get(0x9202))
    if time <= 0 and 0x9201 in details and abs(shutter) < 20:
        time = 2**-shutter
    if number <= 0 and 0 < aperture < 20:
        number = 2 ** (aperture / 2)
    return (time, number, speed) if time > 0 and number > 0 and speed > 0 else None


def _speed(details: dict[int, Any]) -> float:
    """The ISO speed: PhotographicSensitivity, unless that is missing or full, at 65535: then a tag that has room for more."""
    speed = _number(details.get(0x8827))
    if 0 < speed < _FULL:
        return speed
    first = _SENSITIVITIES.get(int(_number(details.get(0x8830))), 0x8832)
    return next((wide for tag in (first, 0x8832, 0x8831, 0x8833) if (wide := _number(details.get(tag))) > 0), speed)


def _apple_notes(notes: object) -> dict[int, tuple[float, ...]]:
    """The rational numbers in Apple's maker note, by tag."""
    if not isinstance(notes, bytes) or not notes.startswith(b"Apple iOS\0"):
        return {}
    found = {}
    try:
        order = "<" if notes[12:14] == b"II" else ">"
        (count,) = struct.unpack_from(order + "H", notes, 14)
        for index in range(count):
            tag, kind, length, place = struct.unpack_from(order + "HHII", notes, 16 + 12 * index)
            if kind in {5, 10} and length <= 8:
                numbers = struct.unpack_from(order + ("II" if kind == 5 else "ii") * length, notes, place)
                found[tag] = tuple(_ratio(*numbers[at : at + 2]) for at in range(0, len(numbers), 2))
    except struct.error:
        return {}
    return found


def _ratio(top: int, bottom: int) -> float:
    return top / bottom if bottom else 0.0


def _apple_headroom(first: tuple[float, ...], second: tuple[float, ...]) -> float | None:
    """Stops, by the formula that Apple gives for the notes HDRHeadroom and HDRGain."""
    if not first or not second:
        return None
    headroom, gain = first[0], second[0]
    if headroom < 1:
        stops = -20 * gain + 1.8 if gain <= 0.01 else -0.101 * gain + 1.601
    else:
        stops = -70 * gain + 3 if gain <= 0.01 else -0.303 * gain + 2.303
    return max(0.0, stops)


def _apple_tilt(gravity: tuple[float, ...], orientation: int) -> tuple[float | None, float | None]:
    """Pitch and roll, from the pull of gravity along the phone's axes: right, top and out of its screen.

    The sensor's picture stands upright when the phone lies on its left side: its up is the phone's right, its right the bottom.
    """
    size = math.hypot(*gravity)
    if not 0.8 < size < 1.2:  # it was shaken
        return None, None
    up = [-axis / size for axis in gravity]
    right, above, forward = -up[1], up[0], -up[2]
    for _ in range(_TURNS.get(orientation, 0)):  # the picture's axes turn as its pixels do
        right, above = above, -right
    pitch, roll = math.degrees(math.asin(max(-1.0, min(1.0, forward)))), math.degrees(math.atan2(-right, above))
    if abs(roll) > _HELD:  # a program turned the picture upright, and left the notes as they were
        roll -= 90 * round(roll / 90)
    return pitch, roll


def _with_xmp(tags: CameraTags, xmp: str) -> CameraTags:
    def value(*names: str) -> float | None:
        return next((found for name in names if (found := _xmp_number(xmp, name)) is not None), None)

    pitch, roll = value("drone-dji:GimbalPitchDegree", "Camera:Pitch"), value("drone-dji:GimbalRollDegree", "Camera:Roll")
    if pitch is not None and -90 <= pitch <= 90:
        tags = replace(tags, pitch=pitch, roll=roll if roll is not None and -180 <= roll <= 180 else 0.0)
    pose = value("GPano:PosePitchDegrees"), value("GPano:PoseRollDegrees")
    if pose != (None, None):
        lifted, rolled = pose[0] or 0.0, pose[1] or 0.0
        if -90 <= lifted <= 90 and -180 <= rolled <= 180:
            tags = replace(tags, pose=(lifted, rolled))
    full = value("GPano:FullPanoWidthPixels"), value("GPano:FullPanoHeightPixels")
    part = value("GPano:CroppedAreaImageWidthPixels"), value("GPano:CroppedAreaImageHeightPixels")
    if full[0] and full[1] and full[0] > 0 and full[1] > 0:
        kind = re.search(r"""GPano:ProjectionType(?:\s*=\s*["']|>)\s*(\w+)""", xmp)
        size = (part[0] or full[0], part[1] or full[1])
        left, top = value("GPano:CroppedAreaLeftPixels"), value("GPano:CroppedAreaTopPixels")
        left = (full[0] - size[0]) / 2 if left is None else left
        top = (full[1] - size[1]) / 2 if top is None else top
        if min(size) > 0 and left >= 0 and top >= 0 and left + size[0] <= full[0] + 1 and top + size[1] <= full[1] + 1:
            name = kind[1].lower() if kind else "equirectangular"
            tags = replace(tags, panorama=Panorama(name, full[0], full[1], left, top, *size))
    return tags


def _xmp_number(xmp: str, name: str) -> float | None:
    """A property's value, written as an attribute or as an element."""
    found = re.search(rf"""\b{re.escape(name)}(?:\s*=\s*["']|>)\s*({_NUMBER})""", xmp)
    if not found:
        return None
    top, _, bottom = found[1].partition("/")
    return float(top) / float(bottom) if bottom and float(bottom) else float(top)
