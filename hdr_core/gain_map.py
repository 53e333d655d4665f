"""Gain maps: the part of the light above white that a phone kept beside its picture.

Of Ultra HDR and ISO 21496-1 the map holds, between bounds that its metadata give, how many stops each pixel is above the
picture; of Apple's, how far it is towards a headroom.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace

import numpy as np

from .colour import srgb_decode

Matrix = tuple[tuple[float, ...], ...]
"""Three rows of three, from one space of linear colours to another."""

_ROWS = 256
_XMP_DEFAULTS = {"GainMapMin": 0.0, "GainMapMax": 1.0, "Gamma": 1.0, "OffsetSDR": 1 / 64, "OffsetHDR": 1 / 64}
_NUMBERS = r"(?<![\w.:])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_MULTICHANNEL, _BASE_COLOURS, _BACKWARD, _COMMON = 0x80, 0x40, 0x04, 0x08
_REC709: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@dataclass(frozen=True)
class GainMap:
    """pixels: (h, w, 1 or 3) uint8 or uint16, of any size, upright. kind: "Ultra HDR", "ISO 21496-1" or "Apple".

    low, high: stops at the map's 0 and at its white; gamma: what the map was raised to the power of; base_offset, offset: added
    to the picture, and to the light. Each is one number a channel. Of Apple's map the gain is linear in the decoded map from 1
    to 2^high, and the rest is not used. to_rec709: from the linear colours that the numbers are of, white to white.
    """

    pixels: np.ndarray
    kind: str
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    gamma: tuple[float, float, float] = (1.0, 1.0, 1.0)
    base_offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    to_rec709: Matrix = _REC709

    @property
    def limit(self) -> float:
        """The largest light that picture and map can hold, the picture's white = 1."""
        if self.kind == "Apple":
            return float(2.0 ** max(self.high))
        return max(
            (1 + base) * 2**stops - offset for base, stops, offset in zip(self.base_offset, self.high, self.offset, strict=True)
        )


def apply_gain(codes: np.ndarray, gain: GainMap) -> np.ndarray:
    """The light of a picture and its map: codes (H, W, 3) uint8 or uint16, sRGB, to (H, W, 3) float32 linear, white = 1."""
    height, width = codes.shape[:2]
    white = np.float32(np.iinfo(codes.dtype).max)
    table = _gain_values(gain)
    low, high, base_offset, offset = (
        np.array(each, np.float32) for each in (gain.low, gain.high, gain.base_offset, gain.offset)
    )
    back = None if gain.to_rec709 == _REC709 else np.array(gain.to_rec709, np.float32).T
    there = None if back is None else np.linalg.inv(back)
    light = np.empty(codes.shape, np.float32)
    for top in range(0, height, _ROWS):
        rows = np.arange(top, min(top + _ROWS, height))
        base = srgb_decode(codes[rows] / white)
        base = base if there is None else base @ there
        map_ = _enlarged(table, rows, height, width)
        if gain.kind == "Apple":
            light[rows] = base * (1 + np.float32(gain.limit - 1) * map_)
        else:
            light[rows] = (base + base_offset) * np.exp2(low + (high - low) * map_) - offset
        if back is not None:
            light[rows] = light[rows] @ back
    return light.clip(0)


def _gain_values(gain: GainMap) -> np.ndarray:
    """The map as its formula wants it, in [0, 1] float32."""
    value = gain.pixels / np.float32(np.iinfo(gain.pixels.dtype).max)
    if gain.kind == "Apple":
        return srgb_decode(value)
    return np.power(value, (1 / np.array(gain.gamma, np.float32))[: value.shape[2]])


def _enlarged(map_: np.ndarray, rows: np.ndarray, height: int, width: int) -> np.ndarray:
    """The rows of a map made as large as the picture, bilinearly: (h, W, 1 or 3)."""
    y = ((rows + 0.5) * len(map_) / height - 0.5).clip(0, len(map_) - 1)
    x = ((np.arange(width) + 0.5) * map_.shape[1] / width - 0.5).clip(0, map_.shape[1] - 1)
    top, left = y.astype(int), x.astype(int)
    below, right = np.minimum(top + 1, len(map_) - 1), np.minimum(left + 1, map_.shape[1] - 1)
    down, across = (y - top).astype(np.float32)[:, None, None], (x - left).astype(np.float32)[:, None]
    tall = map_[top] + (map_[below] - map_[top]) * down
    return tall[:, left] + (tall[:, right] - tall[:, left]) * across


def from_xmp(pixels: np.ndarray, xmp: str) -> GainMap | None:
    """The map that an XMP packet with "hdrgm" properties describes; None where it does not, or the picture is the HDR one."""
    if "hdrgm:Version" not in xmp or re.search(r"hdrgm:BaseRenditionIsHDR\W+True", xmp):
        return None
    low, high, gamma, base_offset, offset = (_three(xmp, name, default) for name, default in _XMP_DEFAULTS.items())
    return _checked(GainMap(pixels, "Ultra HDR", low, high, gamma, base_offset, offset))


def _three(xmp: str, name: str, default: float) -> tuple[float, float, float]:
    """An attribute, or an element with a list of one number a channel."""
    found = re.search(rf"""hdrgm:{name}\s*=\s*["']([^"']*)["']""", xmp)
    text = found[1] if found else xmp.partition(f"<hdrgm:{name}>")[2].partition(f"</hdrgm:{name}>")[0]
    numbers = [float(number) for number in re.findall(_NUMBERS, text)]
    if len(numbers) == 3:
        return (numbers[0], numbers[1], numbers[2])
    value = numbers[0] if numbers else default
    return (value, value, value)


def uses_base_colours(data: bytes) -> bool:
    """Whether the numbers of ISO 21496-1's metadata are of the picture's own colours, not of those that the map leads to."""
    return bool(data[4:5] and data[4] & _BASE_COLOURS)


def from_iso(pixels: np.ndarray, data: bytes, kind: str = "Ultra HDR") -> GainMap | None:
    """The map that the binary metadata of ISO 21496-1 describe; None where they make no sense, or the picture is HDR."""
    try:
        flags = data[4]
        channels = 3 if flags & _MULTICHANNEL else 1
        if struct.unpack_from(">H", data)[0] != 0 or flags & _BACKWARD:
            return None
        if flags & _COMMON:
            (bottom,) = struct.unpack_from(">I", data, 5)
            rows = [struct.unpack_from(">iiIii", data, 17 + 20 * channel) for channel in range(channels)]
            numbers = [[top / bottom for top in row] for row in rows]
            headrooms = struct.unpack_from(">II", data, 9)
        else:
            pairs = [struct.unpack_from(">iIiIIIiIiI", data, 21 + 40 * channel) for channel in range(channels)]
            numbers = [[row[at] / row[at + 1] for at in range(0, 10, 2)] for row in pairs]
            base, below, other, under = struct.unpack_from(">IIII", data, 5)
            headrooms = base / below, other / under
    except (struct.error, IndexError, ZeroDivisionError):
        return None
    if headrooms[0] > headrooms[1]:  # the map leads from an HDR picture down
        return None
    low, high, gamma, base_offset, offset = (
        (values[0], values[-1 if len(values) < 3 else 1], values[-1]) for values in zip(*numbers, strict=True)
    )
    return _checked(GainMap(pixels, kind, low, high, gamma, base_offset, offset))


def from_apple(pixels: np.ndarray, stops: float) -> GainMap | None:
    """Apple's map with its headroom in stops."""
    return _checked(GainMap(pixels[..., :1], "Apple", (0.0,) * 3, (stops,) * 3))


def in_colours(gain: GainMap, to_rec709: Matrix) -> GainMap:
    """The map, its numbers of the colours that this matrix leads from; unchanged where it is not one of three colours."""
    matrix = np.array(to_rec709) if len(to_rec709) == 3 else np.zeros((1, 1))
    if (
        matrix.shape != (3, 3)
        or not np.isfinite(matrix).all()
        or abs(np.linalg.det(matrix)) < 0.01
        or np.abs(matrix).max() > 10
    ):
        return gain
    return replace(gain, to_rec709=to_rec709)


def _checked(gain: GainMap) -> GainMap | None:
    """None where the numbers make no sense, or the map holds nothing."""
    sane = all(0 < value < 100 for value in gain.gamma) and all(
        -20 <= low <= high <= 20 for low, high in zip(gain.low, gain.high, strict=True)
    )
    return gain if sane and max(gain.high) > 0.01 and all(abs(x) < 1 for x in gain.base_offset + gain.offset) else None
