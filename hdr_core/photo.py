"""A photo file, decoded: upright, in sRGB code values, its alpha apart; or the light of a picture that is HDR already."""

from __future__ import annotations

import stat
from dataclasses import dataclass, replace
from pathlib import Path
from tokenize import TokenError

import numpy as np

from . import gain_heif, gain_jpeg
from .camera_tags import NO_TAGS, CameraTags, read_tags
from .colour import srgb_decode, srgb_encode
from .decode import HEIC, MAX_PIXELS, Decoded, already_hdr, decode
from .decode_limit import limited
from .errors import PhotoError
from .gain_map import GainMap, from_apple
from .hdr_file import EXR, RADIANCE, read_exr_light, read_radiance
from .nclx import to_light
from .runtime import require

__all__ = ["HdrPicture", "Photo", "read_photo", "read_source", "srgb_decode", "srgb_encode"]

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
_AVIF_BRANDS = (b"avif", b"avis")
_RAW_SUFFIXES = {".dng", ".nef", ".nrw", ".cr2", ".arw", ".sr2", ".srw", ".pef", ".3fr", ".iiq", ".erf", ".dcr", ".kdc"}
_TIMES_HEIC = 3  # libheif has the usual limit each time, for the picture and for its gain map, in a process of its own
_FORMATS = "a JPEG, HEIC, AVIF, PNG, TIFF or WebP file"


@dataclass(frozen=True)
class Photo:
    """A picture as it was photographed.

    pixels: (H, W, 3) uint8 or uint16, display-encoded sRGB code values with Rec.709 primaries, row 0 at the top.
    alpha: (H, W) of the same type, straight; None where there is none, or all is opaque.
    profile: what the colours were taken for: "sRGB" (also when nothing is said), or the colour profile's description.
    tags: what its metadata tell of the camera. gain: the light above white that the file holds beside the picture.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None
    profile: str
    tags: CameraTags = NO_TAGS
    gain: GainMap | None = None

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


@dataclass(frozen=True)
class HdrPicture:
    """A picture that holds its light already: (H, W, 3) float32 linear Rec.709, row 0 at the top; alpha (H, W) in [0, 1]."""

    light: np.ndarray
    alpha: np.ndarray | None = None
    tags: CameraTags = NO_TAGS


def read_photo(path: Path) -> Photo:
    """As `read_source`, of LDR photos only: raises PhotoError for a picture that is HDR already."""
    path = Path(path)
    if _start(path).startswith(_HDR):
        raise already_hdr(path)
    source = read_source(path)
    if isinstance(source, HdrPicture):
        raise already_hdr(path)
    return source


def read_source(path: Path, *, enough: int = 0) -> Photo | HdrPicture:
    """Read a JPEG, HEIC, AVIF, PNG, WebP, TIFF or GIF file (its first page), raw sRGB code values from an .npy file, or an HDR
    picture: OpenEXR, Radiance, and HEIC or AVIF with the code values of an HDR display (PQ, HLG).

    EXIF orientation and colour profiles are applied. 8-bit sRGB stays as it is, bit for bit; other spaces become 16-bit sRGB,
    where colours outside of Rec.709 are clipped. An .npy file holds (H, W, 3 or 4) uint8 or uint16, row 0 at the top.
    enough: a JPEG that is at least twice as large is decoded smaller, its longer side to no less than this; 0: as it is.

    Raises PhotoError when the file is missing, damaged, too large, or not a picture of these kinds; RuntimeMissingError without
    pyvips, pi-heif (HEIC), pillow or OpenEXR.
    """
    path = Path(path)
    start = _start(path)
    if start.startswith(EXR):
        loader, package = "", "OpenEXR"
    elif start.startswith((*RADIANCE, _NPY)):
        loader, package = "", "numpy"
    else:
        loader, package = _loader(path, start), "pyvips"
    require(package)  # before the clock runs: the first import may be slow
    try:
        with limited(path, times=_TIMES_HEIC if loader == HEIC else 1):
            return _read(path, start, loader, enough)
    except OSError as error:  # it was there just now
        raise _unreadable(path, error) from error


def _read(path: Path, start: bytes, loader: str, enough: int) -> Photo | HdrPicture:
    if start.startswith(EXR):
        light, alpha = read_exr_light(path)
        return HdrPicture(light, alpha)
    if start.startswith(RADIANCE):
        return HdrPicture(read_radiance(path, MAX_PIXELS))
    decoded = decode(path, loader, enough) if loader else Decoded(_read_npy(path), "sRGB")
    height, width = decoded.codes.shape[:2]
    tags = read_tags(decoded.exif, decoded.xmp, width, height)
    white = np.iinfo(decoded.codes.dtype).max
    alpha = decoded.codes[..., 3] if decoded.codes.shape[2] == 4 and decoded.codes[..., 3].min() < white else None
    alpha = None if alpha is None else np.ascontiguousarray(alpha)
    pixels = np.ascontiguousarray(decoded.codes[..., :3])
    if decoded.hdr is not None:
        return HdrPicture(to_light(pixels, *decoded.hdr), None if alpha is None else alpha / np.float32(white), tags)
    return Photo(pixels, alpha, decoded.profile, tags, _gain(path, loader, decoded, tags))


def _gain(path: Path, loader: str, decoded: Decoded, tags: CameraTags) -> GainMap | None:
    """The gain map, upright as the picture. A file may hold both Apple's and that of the standard, which says more."""
    if loader in {HEIC, "heifload"}:
        gain = gain_heif.read_gain_map(path, heic=loader == HEIC)
        if gain is not None:
            return gain
    if decoded.gain is not None and tags.headroom is not None:
        return from_apple(decoded.gain, tags.headroom)
    gain = gain_jpeg.read_gain_map(path, tags.headroom, decoded.to_rec709) if loader == "jpegload" else None
    return gain and replace(gain, pixels=_upright(gain.pixels, tags.orientation))


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turned and mirrored as EXIF's orientation asks."""
    if orientation in {5, 6, 7, 8}:
        pixels = pixels.swapaxes(0, 1)
    pixels = pixels[::-1] if orientation in {3, 4, 7, 8} else pixels
    return np.ascontiguousarray(pixels[:, ::-1] if orientation in {2, 3, 6, 7} else pixels)


def _start(path: Path) -> bytes:
    """How the file begins. Only a regular file is opened: opening a pipe would wait for ever."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PhotoError(f'"{path}" is a folder.', "Give the path of a photo in it.")
        if not stat.S_ISREG(status.st_mode):
            raise PhotoError(f'"{path}" is not an ordinary file.', f"Give the path of {_FORMATS}.")
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValueError as error:  # a zero byte in the name
        raise PhotoError(f"{str(path)!r} is not a possible path.", "Check the path.") from error
    if not start:
        raise PhotoError(f'"{path}" is empty.', "Copy it again from where it came.")
    return start


def _unreadable(path: Path, error: OSError) -> PhotoError:
    if isinstance(error, FileNotFoundError):
        return PhotoError(f'There is no file "{path}".', "Check the path.")
    return PhotoError(f'"{path}" cannot be read: {error.strerror or error}.', "Check the path, and that you may read it.")


def _loader(path: Path, start: bytes) -> str:
    """The libvips loader for a file that begins so."""
    if start.startswith(_HDR):
        raise already_hdr(path)
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS:
        return "heifload" if start[8:12] in _AVIF_BRANDS or any(brand in start[16:] for brand in _AVIF_BRANDS) else HEIC
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
