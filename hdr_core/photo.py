"""A photo file, decoded: upright, in sRGB code values, its alpha apart."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError

import numpy as np

from .colour import srgb_decode, srgb_encode
from .decode import MAX_PIXELS, already_hdr, decode
from .errors import PhotoError

__all__ = ["Photo", "read_photo", "srgb_decode", "srgb_encode"]

# What a file is, is told by how it begins; its name does not matter. Nothing else ever reaches a decoder.
_LOADERS = (
    (b"\xff\xd8\xff", "jpegload"),
    (b"\x89PNG\r\n\x1a\n", "pngload"),
    (b"II*\0", "tiffload"),
    (b"MM\0*", "tiffload"),
    (b"II+\0", "tiffload"),  # BigTIFF
    (b"MM\0+", "tiffload"),
    (b"GIF8", "gifload"),
)
_NPY = b"\x93NUMPY"
_HDR = (b"\x76\x2f\x31\x01", b"#?RADIANCE", b"#?RGBE", b"PF\n", b"PF4\n", b"Pf\n")
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
_RAW_SUFFIXES = {".dng", ".nef", ".nrw", ".cr2", ".arw", ".sr2", ".srw", ".pef", ".3fr", ".iiq", ".erf", ".dcr", ".kdc"}
_FORMATS = "a JPEG, PNG, TIFF or WebP file"


@dataclass(frozen=True)
class Photo:
    """A picture as it was photographed.

    pixels: (H, W, 3) uint8 or uint16, display-encoded sRGB code values with Rec.709 primaries, row 0 at the top.
    alpha: (H, W) of the same type, straight; None where there is none, or all is opaque.
    profile: what the colours were taken for: "sRGB" (also when nothing is said), or the colour profile's description.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None
    profile: str

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def white(self) -> int:
        """The largest code value: 255 or 65535."""
        return int(np.iinfo(self.pixels.dtype).max)


def read_photo(path: Path) -> Photo:
    """Read a JPEG, PNG, WebP, TIFF or GIF file (its first page), or raw sRGB code values from an .npy file.

    EXIF orientation and colour profiles are applied. 8-bit sRGB stays as it is, bit for bit; other spaces become 16-bit sRGB,
    where colours outside of Rec.709 are clipped. An .npy file holds (H, W, 3 or 4) uint8 or uint16, row 0 at the top.

    Raises PhotoError when the file is missing, damaged, too large, already HDR, or not a picture of these kinds;
    RuntimeMissingError without pyvips.
    """
    path = Path(path)
    start = _start(path)
    codes, profile = (_read_npy(path), "sRGB") if start.startswith(_NPY) else decode(path, _loader(path, start))
    white = np.iinfo(codes.dtype).max
    alpha = codes[..., 3] if codes.shape[2] == 4 and codes[..., 3].min() < white else None
    return Photo(
        pixels=np.ascontiguousarray(codes[..., :3]),
        alpha=None if alpha is None else np.ascontiguousarray(alpha),
        profile=profile,
    )


def _start(path: Path) -> bytes:
    """How the file begins. Only a regular file is opened: opening a pipe would wait for ever."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PhotoError(f'"{path}" is a folder.', "Give the path of a photo in it.")
        if not stat.S_ISREG(status.st_mode):
            raise PhotoError(f'"{path}" is not an ordinary file.', f"Give the path of {_FORMATS}.")
        with path.open("rb") as file:
            start = file.read(16)
    except FileNotFoundError as error:
        raise PhotoError(f'There is no file "{path}".', "Check the path.") from error
    except OSError as error:
        raise PhotoError(f'"{path}" cannot be read: {error.strerror}.', "Check the path, and that you may read it.") from error
    except ValueError as error:  # a zero byte in the name
        raise PhotoError(f"{str(path)!r} is not a possible path.", "Check the path.") from error
    if not start:
        raise PhotoError(f'"{path}" is empty.', "Copy it again from where it came.")
    return start


def _loader(path: Path, start: bytes) -> str:
    """The libvips loader for a file that begins so."""
    if start.startswith(_HDR):
        raise already_hdr(path)
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS:
        raise PhotoError(f'"{path}" is a HEIC or AVIF picture, which is not supported.', f"Save it as {_FORMATS}.")
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "webpload"
    loader = next((loader for magic, loader in _LOADERS if start.startswith(magic)), None)
    if loader is None:
        raise PhotoError(f'"{path}" is not a picture of a known kind.', f"Give the path of {_FORMATS}.")
    if loader == "tiffload" and path.suffix.lower() in _RAW_SUFFIXES:  # as a TIFF these hold no more than a thumbnail
        raise PhotoError(f'"{path}" is a camera raw file.', "Develop it first, and save it as a 16-bit TIFF.")
    return loader


def _read_npy(path: Path) -> np.ndarray:
    try:
        codes = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError, SyntaxError, TypeError, OverflowError, TokenError) as error:  # as numpy meets it
        raise PhotoError(f'"{path}" is a damaged array file ({error}).', "Make it again.") from error
    native = codes.dtype.newbyteorder("=")
    if codes.ndim != 3 or codes.shape[2] not in {3, 4} or codes.size == 0 or native not in (np.uint8, np.uint16):
        raise PhotoError(
            f'"{path}" holds an array of shape {codes.shape} and type {codes.dtype}.',
            "Give (height, width, 3 or 4) code values of type uint8 or uint16.",
        )
    if codes.shape[0] * codes.shape[1] > MAX_PIXELS:
        raise PhotoError(f'"{path}" has more than {MAX_PIXELS} pixels.', "Make it smaller, or cut it in parts.")
    return np.array(codes, dtype=native, order="C")
