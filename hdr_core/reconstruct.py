"""From a photo to radiance: the network, run over a photo of any size in bounded memory.

The network looks at the whole photo once, at its working resolution. Then each tile is restored alone, from its own pixels,
a halo of pixels around it, and what the network saw; so tiles join without a seam. Of a photo with eight bits, the tiles are
debanded; the network looks at it as it is, for that is how it learned what photos look like.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from .device import choose_device
from .errors import Cancelled, DeviceError
from .photo import Photo
from .restored import RestoredLight
from .runtime import require
from .settings import Device, InputCurve, IsCancelled, Progress

require("torch")
require("safetensors")

import torch  # noqa: E402

from . import deband  # noqa: E402
from .network.model import Guidance, Light, Network  # noqa: E402
from .network.view import CROP, View, crop_corners, crop_to_size, pool, working_size  # noqa: E402
from .network.weights import load_network  # noqa: E402
from .tiles import around, read_tile, tiles  # noqa: E402

TILE = 1024  # pixels a side; a tile takes about 0.8 kB a pixel while it is restored
SMALLEST_TILE = 128
SMALL_PHOTO = 2**22  # pixels; a larger one is not looked at in one piece
_VIEW_DONE, _GUIDANCE_DONE = 0.25, 0.4  # shares of the time, roughly


@dataclass(frozen=True)
class Radiance:
    """pixels: (H, W, 3) float32, linear Rec.709, 1.0 = the photo's white; input_curve: what the photo was taken for;
    restored: how much of its light was; device: where it ran; weights: their version.
    """

    pixels: np.ndarray
    input_curve: Literal["srgb", "camera", "linear"]
    restored: RestoredLight
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
                pixels, guidance = _restore(network, photo, panorama, input_curve, place, tile, steps)
                curve: Literal["srgb", "camera"] = "camera" if guidance.camera[0] > 0 else "srgb"
                return Radiance(pixels, curve, _restored(guidance.light), place, weights)
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
) -> tuple[np.ndarray, Guidance]:
    """The radiance, and what the network saw."""
    steps.reach(0.0)
    view = _look(photo, panorama, device, steps)
    steps.reach(_VIEW_DONE)
    camera = None if input_curve == "auto" else torch.tensor([float(input_curve == "camera")], device=device)
    guidance = network.guidance(view, network.overview(view, camera))
    steps.reach(_GUIDANCE_DONE)
    out = np.empty((photo.height, photo.width, 3), np.float32)
    parts = list(tiles(photo.height, photo.width, tile))
    for done, (y, x) in enumerate(parts, 1):
        restored = _restore_tile(network, guidance, photo, y, x, device)
        out[y.start : y.stop, x.start : x.stop] = restored[0].permute(1, 2, 0).cpu().numpy()
        steps.reach(_GUIDANCE_DONE + (1 - _GUIDANCE_DONE) * done / len(parts))
    return out, guidance


def _restored(light: Light) -> RestoredLight:
    return RestoredLight(float(light.share[0]), float(light.low[0]), float(light.high[0]))


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
    rows, columns = around(y, network.halo), around(x, network.halo)
    if photo.white == deband.WHITE:
        margin = deband.halo(photo.height)
        wide = around(y, network.halo + margin), around(x, network.halo + margin)
        pixels = torch.from_numpy(read_tile(photo.pixels, *wide, panorama=guidance.panorama))
        code = deband.deband(pixels.to(device).permute(2, 0, 1), margin)[None] / photo.white
    else:
        code = _code(read_tile(photo.pixels, rows, columns, panorama=guidance.panorama), photo.white, device)
    return network.restore(code, guidance, rows.to(device), columns.to(device), (photo.height, photo.width))
