"""A picture of any projection becomes a whole sphere: its light resampled, turned as asked, and completed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from .colour import srgb_decode, srgb_encode
from .device import choose_device
from .errors import ProjectionError
from .memory import free_memory
from .photo import HdrPicture, Photo, read_source
from .projection.choose import Chosen
from .projection.cube import atlas
from .projection.face_files import FACES
from .projection.lenses import Equirectangular
from .projection.resample import WIDEST, map_width, resample, rotation, to_map
from .reconstruct import beside_the_network, where_it_fits
from .settings import ConvertSettings
from .source_view import SourceView
from .sphere.complete import completed
from .sphere.grid import areas_like

_ROWS = 256
_GPU_BYTES = 60  # a pixel of the map, at most


@dataclass(frozen=True)
class Sphere:
    """pixels: (H, 2H, 3) float32 linear; view: as chosen, with the tilt and the coverage that came of it."""

    pixels: np.ndarray
    view: SourceView


def as_sphere(
    light: np.ndarray, alpha: np.ndarray | None, chosen: Chosen, settings: ConvertSettings, step: Callable[[float], None]
) -> Sphere:
    """light: (H, W, 3) float32 linear, seen through `chosen.lens`; alpha: (H, W) codes or [0, 1], what it leaves out.

    On an NVIDIA GPU where it has room, else on the processor. Raises ProjectionError where the photo shows nothing, DeviceError
    where memory does not suffice, WeightsError.
    """
    assert chosen.lens is not None  # a flat picture is no part of a sphere
    view = turned(chosen.view, settings)
    if alpha is not None and alpha.dtype.kind == "u":
        alpha = alpha / np.float32(np.iinfo(alpha.dtype).max)
    turn = rotation(view.pitch, view.roll, view.yaw)
    width, lens = map_width(chosen.lens), chosen.lens

    def made(device: str) -> tuple[np.ndarray, float]:
        if not _fits(device, width):
            device = "cpu"
        with beside_the_network(device):
            pixels, covered = resample(light, lens, turn, width, alpha, lambda done: step(0.6 * done), device)
            share = _share(covered)
            if share <= 0:
                raise ProjectionError("The photo shows nothing: all of it is transparent.", "Give a photo with opaque pixels.")
            return (completed(pixels, covered) if share < 1 - 1e-6 else pixels).cpu().numpy(), share

    place = "cuda" if choose_device(settings.device) == "cuda" else "cpu"
    pixels, share = where_it_fits(made, place, settings.device)
    return Sphere(pixels, replace(view, covered=min(1.0, share)))


def _fits(device: str, width: int) -> bool:
    return device == "cpu" or free_memory(torch.device(device)) > _GPU_BYTES * width * width // 2


def _share(covered: torch.Tensor) -> float:
    """How much of the sphere."""
    rows, area = covered.double().mean(1), areas_like(covered)[:, 0].double()
    return float(rows @ area / area.sum())


def turned(view: SourceView, settings: ConvertSettings) -> SourceView:
    """With what the settings add to the tilt that the photo's metadata tell."""
    return replace(view, pitch=view.pitch + settings.pitch, roll=view.roll + settings.roll, yaw=settings.yaw)


def assemble_cube(source: Photo | HdrPicture, chosen: Chosen) -> tuple[Photo | HdrPicture, Chosen]:
    """The faces of a cube map as one 2:1 panorama, of 16 bits where they are a photo's: so the network sees the whole sphere.

    Raises PhotoError where one of six files cannot be read, ProjectionError where they do not fit together.
    """
    sources = [read_source(chosen.files[name]) for name in FACES] if chosen.files is not None else [source]
    if len({type(face) for face in sources}) > 1:
        raise ProjectionError("Some of the cube map's files are HDR, and some are not.", "Give six files of one kind.")
    pictures = [face.light if isinstance(face, HdrPicture) else _linear(face.pixels) for face in sources]
    if chosen.layout is not None:
        faces = chosen.layout.faces(pictures[0])
    else:
        if len({picture.shape for picture in pictures}) > 1 or pictures[0].shape[0] != pictures[0].shape[1]:
            raise ProjectionError("The cube map's six files are not square and all of one size.", "Give six equal faces.")
        faces = np.stack(pictures)
    picture, lens = atlas(np.ascontiguousarray(faces))
    width = min(4 * faces.shape[1], WIDEST)
    light = to_map(picture, lens, np.eye(3), width).pixels
    whole = Equirectangular(width, width // 2, width / (2 * math.pi), wraps=True, whole=True)
    if isinstance(source, HdrPicture):
        return HdrPicture(light, None, source.tags), replace(chosen, lens=whole)
    return Photo(_codes(light), None, source.profile, source.tags), replace(chosen, lens=whole)


def _linear(codes: np.ndarray) -> np.ndarray:
    return srgb_decode(codes / np.float32(np.iinfo(codes.dtype).max))


def _codes(light: np.ndarray) -> np.ndarray:
    codes = np.empty(light.shape, np.uint16)
    for top in range(0, len(light), _ROWS):
        codes[top : top + _ROWS] = np.rint(srgb_encode(light[top : top + _ROWS].clip(0, 1)) * 65535)
    return codes
