"""Colour as HEIC and AVIF files name it by numbers (ITU-T H.273): primaries and transfer, and the light of HDR ones."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from .icc import Curve, Profile
from .isobmff import Items, read_items

PQ, HLG = 16, 18
_LINEAR, _SRGB = 8, 13
_WHITE_PQ = 203.0  # cd/m2 of a page's white, and
_WHITE_HLG = 0.75  # its signal, both by ITU-R BT.2408
_SRGB_CURVE = Curve((2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
_NAMES = {9: "BT.2020", 12: "Display P3"}
_TO_REC709 = {  # linear, white to white
    1: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    9: ((1.660491, -0.587641, -0.072850), (-0.124550, 1.132900, -0.008349), (-0.018151, -0.100579, 1.118730)),
    12: ((1.224940, -0.224940, 0.0), (-0.042057, 1.042057, 0.0), (-0.019638, -0.078636, 1.098274)),
}


def read_nclx(path: Path) -> tuple[int, int] | None:
    """(primaries, transfer) of the picture that a file shows; None where it gives none."""
    items = read_items(path)
    if items is not None:
        return numbers_of(items, items.primary)
    with path.open("rb") as file:  # a sequence without items: the first colour box near its beginning
        start = file.read(2**16)
    at = start.find(b"colrnclx")
    return struct.unpack_from(">HH", start, at + 8) if 0 <= at <= len(start) - 12 else None


def numbers_of(items: Items, item: int) -> tuple[int, int] | None:
    """(primaries, transfer) that an item, or else the first that it is made of, gives; None where neither does."""
    for each in (item, *items.made_of.get(item, ())[:1]):
        for kind, data in items.properties.get(each, ()):
            if kind == b"colr" and data[:4] == b"nclx" and len(data) >= 8:
                primaries, transfer = struct.unpack_from(">HH", data, 4)
                return primaries, transfer
    return None


def profile(primaries: int) -> Profile | None:
    """What the colours of an LDR picture mean; None: sRGB, which is also what unknown numbers are taken for."""
    if primaries not in _NAMES:
        return None
    return Profile("RGB", _NAMES[primaries], (_SRGB_CURVE,) * 3, _TO_REC709[primaries])


def is_hdr(transfer: int) -> bool:
    """Whether code values are those of an HDR display."""
    return transfer in {PQ, HLG}


def to_light(codes: np.ndarray, primaries: int, transfer: int) -> np.ndarray:
    """The light of an HDR picture: codes (H, W, 3) uint16 to (H, W, 3) float32, linear Rec.709, a page's white = 1."""
    signal = np.linspace(0, 1, 65536)
    if transfer == PQ:
        root = signal ** (1 / 78.84375)
        linear = (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
        table = linear * (10000 / _WHITE_PQ)
    else:
        table = _hlg(signal) / _hlg(np.array(_WHITE_HLG))
    light = table.astype(np.float32)[codes]
    return (light @ np.array(_TO_REC709.get(primaries, _TO_REC709[1]), np.float32).T).clip(0)


def _hlg(signal: np.ndarray) -> np.ndarray:
    """The scene's light, by the inverse of HLG's curve."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
