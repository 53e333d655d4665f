"""AVIF files with a gain map, as libavif writes them: the one that comes with Pillow, called by ctypes.

It finds the map that leads from one picture to the other by itself. The offsets are those of libavif 1.2 to 1.4 on 64 bits.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint16, c_uint32, c_void_p
from pathlib import Path

import numpy as np
import PIL

_GAIN_MAP = 216  # of the pointer, in avifImage
_BASE_COLOURS, _ALTERNATE = 148, 168  # in avifGainMap
_COLOURS = 104  # primaries, transfer, matrix
SRGB, P3, BT2020 = 1, 12, 9
_PQ, _SRGB_CURVE = 16, 13
_YUV444 = 1


class _Rgb(ctypes.Structure):
    _fields_ = [
        *((name, c_uint32) for name in ("width", "height", "depth")),
        *((name, c_int) for name in ("format", "upsampling", "downsampling", "avoid", "no_alpha", "premultiplied", "float")),
        ("threads", c_int),
        ("pixels", c_void_p),
        ("row", c_uint32),
    ]


class _Bytes(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("size", c_size_t)]


def library() -> ctypes.CDLL:
    """Pillow's own libavif."""
    (found,) = Path(PIL.__file__).parents[1].glob("pillow.libs/libavif-*.so*")
    lib = ctypes.CDLL(str(found))
    for name in ("avifImageCreate", "avifGainMapCreate", "avifEncoderCreate"):
        getattr(lib, name).restype = c_void_p
    lib.avifVersion.restype = lib.avifResultToString.restype = c_char_p
    return lib


def write_with_gain(
    path: Path, codes: np.ndarray, light: np.ndarray, *, base: int = SRGB, alternate: int = SRGB, scale: int = 1
) -> Path:
    """codes: (H, W, 3) uint8, sRGB's curve, the picture; light: (H, W, 3) linear, its white = 1, which the map leads to.

    base, alternate: whose primaries each has. scale: by how much the map is smaller.
    """
    lib = library()
    height, width = codes.shape[:2]
    image = c_void_p(lib.avifImageCreate(width, height, 8, _YUV444))
    _colours(image, base, _SRGB_CURVE)
    picture = _rgb(codes)
    _check(lib, lib.avifImageRGBToYUV(image, byref(picture[0])))
    gain = c_void_p(lib.avifGainMapCreate())
    map_ = lib.avifImageCreate(width // scale, height // scale, 8, _YUV444)
    ctypes.cast(gain, POINTER(c_void_p))[0] = map_
    other = _rgb(_pq(light))
    diagnostics = ctypes.create_string_buffer(256)
    found = lib.avifRGBImageComputeGainMap(
        byref(picture[0]), c_uint16(base), c_uint16(_SRGB_CURVE), byref(other[0]), c_uint16(alternate), c_uint16(_PQ), gain,
        diagnostics,
    )  # fmt: skip
    _check(lib, found)
    c_uint16.from_address(gain.value + _ALTERNATE).value = alternate
    c_uint16.from_address(gain.value + _ALTERNATE + 2).value = _PQ
    ctypes.c_void_p.from_address(image.value + _GAIN_MAP).value = gain.value
    encoder = c_void_p(lib.avifEncoderCreate())
    for at, value in ((8, 10), (32, 100), (36, 100)):  # speed; quality of picture and alpha
        c_int.from_address(encoder.value + at).value = value
    made = _Bytes()
    _check(lib, lib.avifEncoderWrite(encoder, image, byref(made)))
    path.write_bytes(ctypes.string_at(made.data, made.size))
    return path


def _rgb(pixels: np.ndarray) -> tuple[_Rgb, np.ndarray]:
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    return _Rgb(width, height, 8 * pixels.itemsize, threads=1, pixels=pixels.ctypes.data, row=pixels.strides[0]), pixels


def _pq(light: np.ndarray) -> np.ndarray:
    """16-bit codes, 1.0 = 203 cd/m2."""
    power = (light * 203 / 10000) ** 0.1593017578125
    return np.rint(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375 * 65535).astype(np.uint16)


def _colours(image: c_void_p, primaries: int, transfer: int) -> None:
    for place, number in enumerate((primaries, transfer, 0)):
        c_uint16.from_address(image.value + _COLOURS + 2 * place).value = number


def _check(lib: ctypes.CDLL, result: int) -> None:
    assert result == 0, lib.avifResultToString(result)
