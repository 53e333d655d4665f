"""Pictures that are HDR already: OpenEXR, Radiance, and 32-bit float TIFF."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from .errors import PhotoError

EXR, RADIANCE = b"\x76\x2f\x31\x01", (b"#?RADIANCE", b"#?RGBE")
_REC709 = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290))
_EXPOSURE = re.compile(rb"\nEXPOSURE=\s*(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)")
_SIZE = re.compile(rb"([-+])([XY]) (\d{1,9}) ([-+])([XY]) (\d{1,9})\n")


def read_exr_light(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """(H, W, 3) float32 linear Rec.709, straight, and alpha (H, W) in [0, 1] or None. Raises PhotoError."""
    from .exr import read_exr

    pixels, header = read_exr(path)
    light, alpha = pixels[..., :3], None
    if pixels.shape[2] == 4 and pixels[..., 3].min() < 1:
        alpha = np.nan_to_num(pixels[..., 3]).clip(0, 1)
        light = np.divide(light, alpha[..., None], out=np.zeros_like(light), where=alpha[..., None] > 0)
    return clean(light @ _to_rec709(header.get("chromaticities")).T), alpha


def clean(light: np.ndarray) -> np.ndarray:
    """What is no light becomes 0; what is infinite, the largest that is not."""
    finite = np.isfinite(light)
    if not finite.all():
        most = light[finite].max(initial=0.0)
        light = np.nan_to_num(light, nan=0.0, posinf=most, neginf=0.0)
    return np.ascontiguousarray(light, np.float32).clip(0)


def _to_rec709(chromaticities: object) -> np.ndarray:
    numbers = np.array(chromaticities, np.float64).ravel() if chromaticities is not None else np.empty(0)
    if numbers.size != 8 or not np.isfinite(numbers).all() or (numbers[1::2] <= 0).any():
        return np.eye(3, dtype=np.float32)
    matrix = np.linalg.solve(_to_xyz(_REC709), _to_xyz(numbers.reshape(4, 2).tolist()))
    return (matrix / matrix.sum(1, keepdims=True)).astype(np.float32)  # white to white


def _to_xyz(chromaticities: object) -> np.ndarray:
    xyz = np.array([[x / y, 1, (1 - x - y) / y] for x, y in chromaticities]).T  # type: ignore[attr-defined]
    return xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3])


def read_radiance(path: Path, most_pixels: int) -> np.ndarray:
    """(H, W, 3) float32 of a Radiance file (.hdr, .pic), upright: its EXPOSURE undone. Raises PhotoError.

    A code is the light that Blender and most programs read; Radiance's own add half a step.
    """
    data = path.read_bytes()
    end = data.find(b"\n\n")
    size = _SIZE.match(data, end + 2) if end > 0 else None
    if size is None or b"FORMAT=32-bit_rle_xyze" in data[:end]:
        raise _damaged(path, "its header")
    signs, axes, numbers = size.group(1, 4), size.group(2, 5), [int(number) for number in size.group(3, 6)]
    if sorted(axes) != [b"X", b"Y"] or not all(numbers):
        raise _damaged(path, "its size")
    if numbers[0] * numbers[1] > most_pixels:
        raise PhotoError(f'"{path}" has more than {most_pixels} pixels.', "Make it smaller, or cut it in parts.")
    try:
        codes = _scanlines(data, size.end(), *numbers)
    except (IndexError, ValueError) as error:
        raise _damaged(path, "its pixels") from error
    light = np.ldexp(codes[..., :3].astype(np.float32), codes[..., 3:].astype(np.int32) - 136) * (codes[..., 3:] > 0)
    exposure = np.prod([float(number) for number in _EXPOSURE.findall(data[:end])] or [1.0])
    if not 1e-30 < exposure < 1e30:
        raise _damaged(path, "its exposure")
    light = light / exposure
    if signs[0] == (b"+" if axes[0] == b"Y" else b"-"):
        light = light[::-1]
    if signs[1] == (b"-" if axes[1] == b"X" else b"+"):
        light = light[:, ::-1]
    return clean(light if axes[0] == b"Y" else light.transpose(1, 0, 2))


def _scanlines(data: bytes, at: int, lines: int, width: int) -> np.ndarray:
    """(lines, width, 4) uint8. Raises IndexError or ValueError where the data end too early or make no sense."""
    codes = np.empty((lines, width, 4), np.uint8)
    for line in codes:
        if not (8 <= width < 2**15 and data[at : at + 2] == b"\2\2" and data[at + 2] < 128):
            line[:] = np.frombuffer(data, np.uint8, 4 * width, at).reshape(width, 4)
            at += 4 * width
            if ((line[:, :3] == 1).all(1) & (line[:, 3] > 0)).any():
                raise ValueError("runs of the oldest kind")
            continue
        at += 4
        for channel in range(4):
            done = 0
            while done < width:
                count = data[at]
                run = count > 128
                count = count - 128 if run else count
                if count == 0 or done + count > width:
                    raise ValueError("a run goes beyond its line")
                part = np.frombuffer(data, np.uint8, 1 if run else count, at + 1)
                line[done : done + count, channel] = part
                at += 1 + len(part)
                done += count
    return codes


def _damaged(path: Path, part: str) -> PhotoError:
    return PhotoError(f'"{path}" is damaged: {part} cannot be read.', "Copy it again from where it came, or save it as EXR.")
