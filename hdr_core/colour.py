"""The sRGB curve, and code values of one RGB space turned into those of sRGB."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_ROWS = 256  # a band of rows at a time keeps the float copies small beside the picture


def srgb_decode(code: np.ndarray) -> np.ndarray:
    """Display-encoded sRGB code values in [0, 1] to linear light in [0, 1], by the exact two-part curve. float32."""
    code = np.asarray(code, np.float32)
    linear = np.power((code + np.float32(0.055)) / np.float32(1.055), np.float32(2.4))
    np.copyto(linear, code / np.float32(12.92), where=code <= 0.04045)
    return linear


def srgb_encode(linear: np.ndarray) -> np.ndarray:
    """The inverse of `srgb_decode`: linear light in [0, 1] to code values in [0, 1]. float32."""
    linear = np.asarray(linear, np.float32)
    code = np.float32(1.055) * np.power(linear, np.float32(1 / 2.4)) - np.float32(0.055)
    np.copyto(code, linear * np.float32(12.92), where=linear <= 0.0031308)
    return code


def to_srgb(codes: np.ndarray, curves: Sequence[np.ndarray], matrix: np.ndarray) -> np.ndarray:
    """Code values of another space as sRGB code values: (H, W, C) uint8 or uint16 in, (H, W, C) uint16 out, C = 1 or 3.

    curves: for each channel the linear light of every code, (256,) or (65536,) float32.
    matrix: (C, C), linear light of that space to linear Rec.709. What lies outside of Rec.709 is clipped.
    """
    result = np.empty(codes.shape, np.uint16)
    turned = np.asarray(matrix.T, np.float32)
    for top in range(0, len(codes), _ROWS):
        rows = slice(top, top + _ROWS)
        linear = np.stack([curve[codes[rows, :, channel]] for channel, curve in enumerate(curves)], axis=-1)
        result[rows] = np.rint(srgb_encode(np.clip(linear @ turned, 0, 1)) * 65535)
    return result
