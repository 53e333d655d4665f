"""ICC profiles: what a picture's code values mean.

Profiles made of curves and a matrix (those of cameras, displays and editors) are evaluated here, exactly: the colour engine
inside libvips resamples them through a coarse table when it works in 16 bits, and is off by up to 10% in the darks.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from .colour import srgb_encode

_COLORANTS = (b"rXYZ", b"gXYZ", b"bXYZ")
_CURVES = {"RGB": (b"rTRC", b"gTRC", b"bTRC"), "GRAY": (b"kTRC",)}
_TABLES = (b"A2B0", b"A2B1", b"D2B0", b"D2B1")  # lookup tables, which take precedence over curves and matrix
_PARAMETERS = (1, 3, 4, 5, 7)  # how many numbers each type of parametric curve has

# Colorants of sRGB, adapted to the D50 of ICC profiles by Bradford's method.
_SRGB_TO_XYZ = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
_SRGB_MATRIX_TOLERANCE = 0.005
_SRGB_CODE_TOLERANCE = 2 / 255  # compact sRGB profiles approximate the curve; a pure gamma of 2.2 is off by 7


@dataclass(frozen=True)
class Curve:
    """A tone curve, code in [0, 1] to linear light in [0, 1]: a parametric one, or a table of equidistant samples."""

    parameters: tuple[float, ...] = (1.0,)
    samples: tuple[float, ...] = ()

    def table(self, levels: int) -> np.ndarray:
        """The linear light of each of `levels` codes: (levels,) float32."""
        code = np.linspace(0, 1, levels)
        if self.samples:
            linear = np.interp(code, np.linspace(0, 1, len(self.samples)), self.samples)
        else:
            g, a, b, c, d, e, f = _seven_parameters(self.parameters)
            with np.errstate(over="ignore", divide="ignore"):  # a damaged curve may rise beyond all bounds; it is clipped
                linear = np.where(code >= d, np.maximum(a * code + b, 0) ** g + e, c * code + f)
        return np.clip(linear, 0, 1).astype(np.float32)


@dataclass(frozen=True)
class Profile:
    """A profile as far as it matters here.

    space: "RGB", "GRAY", "CMYK", ...
    curves: one for each channel; empty where lookup tables rule, or the space is neither RGB nor grey.
    to_rec709: rows of the matrix from the linear space to linear Rec.709, white to white; (1,) for grey.
    """

    space: str
    description: str
    curves: tuple[Curve, ...] = ()
    to_rec709: tuple[tuple[float, ...], ...] = ()

    @property
    def is_srgb(self) -> bool:
        """Whether code values mean the same as in sRGB, judged by what the profile does, not by what it is called."""
        if not self.curves:
            return False
        if np.abs(np.array(self.to_rec709) - np.eye(len(self.curves))).max() > _SRGB_MATRIX_TOLERANCE:
            return False
        codes = np.linspace(0, 1, 256)
        return all(np.abs(srgb_encode(curve.table(256)) - codes).max() <= _SRGB_CODE_TOLERANCE for curve in self.curves)


def adobe_rgb() -> Profile:
    """What cameras mean that name Adobe RGB in the EXIF data and embed no profile."""
    colorants = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
    return Profile("RGB", "Adobe RGB (1998)", (Curve((563 / 256,)),) * 3, _matrix_to_rec709(colorants))


def pure_gamma(gamma: float, channels: int) -> Profile:
    """Rec.709 primaries, and code ** gamma for linear light."""
    identity = tuple(tuple(row) for row in np.eye(channels).tolist())
    return Profile("RGB" if channels == 3 else "GRAY", f"gamma {gamma:.4g}", (Curve((gamma,)),) * channels, identity)


def parse_profile(data: bytes) -> Profile:
    """Raises ValueError when the profile is damaged."""
    try:
        tags = _tags(data)
        space = data[16:20].decode("ascii").strip()
        description = _description(tags.get(b"desc", b"")) or "unnamed profile"
        wanted = _CURVES.get(space, ())
        needed = (*wanted, *_COLORANTS) if space == "RGB" else wanted
        if any(tag in tags for tag in _TABLES) or not wanted:
            return Profile(space, description)
        if missing := [tag.decode() for tag in needed if tag not in tags]:
            raise ValueError(f"no {', '.join(missing)}")
        curves = tuple(_curve(tags[tag]) for tag in wanted)
        if space == "GRAY":
            return Profile(space, description, curves, ((1.0,),))
        colorants = np.array([_fixed(tags[tag][8:20]) for tag in _COLORANTS]).T
        return Profile(space, description, curves, _matrix_to_rec709(colorants))
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error


def _tags(data: bytes) -> dict[bytes, bytes]:
    if len(data) < 132 or data[36:40] != b"acsp":
        raise ValueError("not an ICC profile")
    (count,) = struct.unpack_from(">I", data, 128)
    tags = {}
    for index in range(min(count, 1000)):
        name, offset, size = struct.unpack_from(">4sII", data, 132 + 12 * index)
        if offset + size > len(data):
            raise ValueError("it ends too early")
        tags[name] = data[offset : offset + size]
    return tags


def _fixed(data: bytes) -> tuple[float, ...]:
    """Numbers in ICC's s15Fixed16."""
    return tuple(number / 65536 for number in struct.unpack(f">{len(data) // 4}i", data))


def _curve(tag: bytes) -> Curve:
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return Curve()
        values = struct.unpack_from(f">{count}H", tag, 12) if count <= len(tag) // 2 else ()
        if not values:
            raise ValueError("a curve ends too early")
        return Curve((values[0] / 256,)) if count == 1 else Curve(samples=tuple(value / 65535 for value in values))
    if tag[:4] == b"para":
        (kind,) = struct.unpack_from(">H", tag, 8)
        if kind < len(_PARAMETERS) and len(tag) >= 12 + 4 * _PARAMETERS[kind]:
            return Curve(_fixed(tag[12 : 12 + 4 * _PARAMETERS[kind]]))
    raise ValueError("a curve of an unknown type")


def _seven_parameters(values: tuple[float, ...]) -> tuple[float, ...]:
    """ICC's parametric types 0 to 4 as type 4: (a x + b)^g + e from x = d on, c x + f below."""
    if len(values) == 1:
        return (values[0], 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if len(values) in {3, 4}:
        g, a, b = values[:3]
        offset = values[3] if len(values) == 4 else 0.0
        return (g, a, b, 0.0, -b / a if a else 0.0, offset, offset)
    return values if len(values) == 7 else (*values, 0.0, 0.0)


def _matrix_to_rec709(colorants: np.ndarray) -> tuple[tuple[float, ...], ...]:
    matrix = np.linalg.solve(_SRGB_TO_XYZ, colorants)
    white = matrix.sum(axis=1, keepdims=True)
    if not (np.abs(white - 1) < 0.5).all():
        raise ValueError("its white is not white")
    return tuple(map(tuple, (matrix / white).tolist()))  # profiles round D50 differently, yet clipped must stay clipped


def _description(tag: bytes) -> str:
    if tag[:4] == b"desc":
        (length,) = struct.unpack_from(">I", tag, 8)
        return tag[12 : 12 + length].split(b"\0")[0].decode("latin-1").strip()
    if tag[:4] == b"mluc":
        length, offset = struct.unpack_from(">II", tag, 20)
        return tag[offset : offset + length].decode("utf-16-be", "replace").strip("\0 ")
    return ""
