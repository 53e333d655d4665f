"""From a photo to radiance: the network, run over a photo of any size in bounded memory.

The network looks at the whole photo once, at its working resolution. Then each tile is restored alone, from its own pixels,
a halo of a few pixels around it, and what the network saw; so tiles join without a seam.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from .device import choose_device
from .errors import Cancelled, DeviceError
from .photo import Photo
from .runtime import require
from .settings import Device, InputCurve, IsCancelled, Progress

require("torch")
require("safetensors")

import torch  # noqa: E402

from .network.model import Guidance, Network  # noqa: E402
from .network.padding import sphere_index  # noqa: E402
from .network.view import CROP, View, crop_corners, crop_to_size, pool, working_size  # noqa: E402
from .network.weights import load_network  # noqa: E402

TILE = 1024  # pixels a side; a tile takes about 0.8 kB a pixel while it is restored
SMALLEST_TILE = 128
SMALL_PHOTO = 2**22  # pixels; a larger one is not looked at in one piece
_VIEW_DONE, _GUIDANCE_DONE = 0.25, 0.4  # shares of the time, roughly


@dataclass(frozen=True)
class Radiance:
    """pixels: (H, W, 3) float32, linear Rec.709, 1.0 = the photo's white; input_curve: what the photo was taken for;
    device: where it ran; weights: their version.
    """

    pixels: np.ndarray
    input_curve: Literal["srgb", "camera"]
    device: str
    weights: str


def reconstruct(
    photo: Photo,
    *,
    panorama: bool,
    input_curve: InputCurve = "auto",
    device: Device = "auto",
    tile: int = TILE,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
) -> Radiance:
    """Restore the radiance that the camera clipped.

    panorama: the photo is a whole sphere, equirectangular, W = 2 H. input_curve: as in `ConvertSettings`.
    tile: the side of a tile, in pixels; it changes memory and time, not the result. A GPU that runs out of memory gets
    smaller tiles.

    Raises DeviceError, WeightsError, RuntimeMissingError, and Cancelled when `cancelled` says so.
    """
    place = choose_device(device)
    steps = _Steps(progress, cancelled)
    network, weights = _network(place)
    with (
        torch.inference_mode(),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
    ):
        while True:
            try:
                pixels, camera = _restore(network, photo, panorama, input_curve, place, tile, steps)
                return Radiance(pixels, "camera" if camera else "srgb", place, weights)
            except torch.cuda.OutOfMemoryError as error:
                if tile <= SMALLEST_TILE:
                    raise DeviceError(
                        f"The device {place!r} has not enough free memory.", 'Close other programs, or choose the device "cpu".'
                    ) from error
                tile //= 2
                torch.cuda.empty_cache()


@dataclass(frozen=True)
class _Steps:
    progress: Progress | None
    cancelled: IsCancelled | None

    def reach(self, fraction: float) -> None:
        if self.cancelled is not None and self.cancelled():
            raise Cancelled
        if self.progress is not None:
            self.progress(fraction, "Restoring light")


@lru_cache(maxsize=1)
def _network(device: str) -> tuple[Network, str]:
    network, version = load_network()
    return network.to(device), version


def _restore(
    network: Network, photo: Photo, panorama: bool, input_curve: InputCurve, device: str, tile: int, steps: _Steps
) -> tuple[np.ndarray, bool]:
    """The radiance, and whether the photo was taken for a camera's rather than plain sRGB."""
    steps.reach(0.0)
    view = _look(photo, panorama, device, steps)
    steps.reach(_VIEW_DONE)
    camera = None if input_curve == "auto" else torch.tensor([float(input_curve == "camera")], device=device)
    guidance = network.guidance(view, network.overview(view, camera))
    steps.reach(_GUIDANCE_DONE)
    out = np.empty((photo.height, photo.width, 3), np.float32)
    tiles = list(_tiles(photo.height, photo.width, tile))
    for done, (y, x) in enumerate(tiles, 1):
        restored = _restore_tile(network, guidance, photo, y, x, device)
        out[y.start : y.stop, x.start : x.stop] = restored[0].permute(1, 2, 0).cpu().numpy()
        steps.reach(_GUIDANCE_DONE + (1 - _GUIDANCE_DONE) * done / len(tiles))
    return out, bool(guidance.camera[0] > 0)


def _tiles(height: int, width: int, side: int) -> Iterator[tuple[range, range]]:
    for y in range(0, height, side):
        for x in range(0, width, side):
            yield range(y, min(y + side, height)), range(x, min(x + side, width))


def _code(pixels: np.ndarray, white: int, device: str) -> torch.Tensor:
    """(h, w, 3) integers to (1, 3, h, w) code values in [0, 1]."""
    values = torch.from_numpy(pixels.astype(np.int32) if pixels.dtype == np.uint16 else np.ascontiguousarray(pixels))
    return (values.to(device).permute(2, 0, 1)[None].float() / white).contiguous()


def _look(photo: Photo, panorama: bool, device: str, steps: _Steps) -> View:
    """The view of `network.view.look`; of a large photo, made from one band of rows after the other."""
    height, width = photo.height, photo.width
    h, w = working_size(height, width)
    if height * width <= SMALL_PHOTO:
        pooled = pool(_code(photo.pixels, photo.white, device), (h, w))
    else:
        bands = []
        for row in range(h):
            top, bottom = row * height // h, -(-(row + 1) * height // h)  # the rows that adaptive pooling averages
            bands.append(pool(_code(photo.pixels[top:bottom], photo.white, device), (1, w)))
            if row % 16 == 0:
                steps.reach(_VIEW_DONE * row / h)
        pooled = torch.cat(bands, 2)
    crops = [
        crop_to_size(_code(photo.pixels[y : y + CROP, x : x + CROP], photo.white, device))
        for y, x in crop_corners(height, width)
    ]
    return View(pooled, torch.stack(crops, 1), panorama)


def _restore_tile(network: Network, guidance: Guidance, photo: Photo, y: range, x: range, device: str) -> torch.Tensor:
    """(1, 3, len(y), len(x)) radiance of one tile."""
    height, width, halo = photo.height, photo.width, network.halo
    rows = torch.arange(y.start - halo, y.stop + halo)
    columns = torch.arange(x.start - halo, x.stop + halo)
    if guidance.panorama:
        inside, straight, turned = sphere_index(rows, columns, height, width)
        beyond = ((rows < 0) | (rows >= height))[:, None]
        pixels = photo.pixels[inside.clamp(0, height - 1)[:, None].numpy(), torch.where(beyond, turned, straight).numpy()]
    else:
        pixels = photo.pixels[rows.clamp(0, height - 1).numpy()][:, columns.clamp(0, width - 1).numpy()]
    code = _code(pixels, photo.white, device)
    return network.restore(code, guidance, rows.to(device), columns.to(device), (height, width))
