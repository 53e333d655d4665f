"""From a photo to radiance: the network, run over a photo of any size in bounded memory.

The network looks at the whole photo once, at its working resolution. Then each tile is restored alone, from its own pixels,
a halo of pixels around it, and what the network saw; so tiles join without a seam. Of a photo with eight bits, the tiles are
debanded; the network looks at it as it is, for that is how it learned what photos look like.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock
from typing import Literal, TypeVar

import numpy as np

from .device import choose_device, is_out_of_memory
from .errors import Cancelled, DeviceError
from .photo import Photo
from .restored import RestoredLight
from .runtime import require
from .settings import Device, InputCurve, IsCancelled, Progress
from .survey import Survey

require("torch")
require("safetensors")

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from .codes import Codes  # noqa: E402
from .memory import tile_size  # noqa: E402
from .network.inference import Inference  # noqa: E402
from .network.model import Guidance  # noqa: E402
from .network.weights import load_network  # noqa: E402
from .survey_gpu import ComingSurvey, survey_on  # noqa: E402
from .tiles import tiles  # noqa: E402
from .transfer import Transfers, release_pinned  # noqa: E402

SMALLEST_TILE = 128  # pixels a side
_ONE_AT_A_TIME = Lock()  # several conversions may read and write at once; the network serves one photo after the other
_Made = TypeVar("_Made")
_VIEW_DONE, _GUIDANCE_DONE = 0.25, 0.4  # shares of the time, roughly


@dataclass(frozen=True)
class Radiance:
    """pixels: (H, W, 3) float32, linear Rec.709, 1.0 = the photo's white; input_curve: what the photo was taken for;
    restored: how much of its light was; device: where it ran; weights: their version; survey: of the pixels, or None.
    """

    pixels: np.ndarray
    input_curve: Literal["srgb", "camera", "linear"]
    restored: RestoredLight
    device: str
    weights: str
    survey: Survey | None = None


def reconstruct(
    photo: Photo,
    *,
    panorama: bool,
    input_curve: InputCurve = "auto",
    device: Device = "auto",
    tile: int | None = None,
    quick: bool = False,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
) -> Radiance:
    """Restore the radiance that the camera clipped.

    panorama: the photo is a whole sphere, equirectangular, W = 2 H. input_curve: as in `ConvertSettings`.
    tile: the side of a tile, in pixels, None for what fits into memory; it changes memory and time, not the result. A GPU that
    runs out of memory gets smaller tiles; with device "auto" the processor takes over where the smallest do not fit.
    quick: for a preview, see `Inference.guidance`.

    Raises DeviceError, WeightsError, RuntimeMissingError, and Cancelled when `cancelled` says so.
    """
    place = choose_device(device)
    steps = _Steps(progress, cancelled)
    on_processor = replace(steps, stage="Restoring light on the processor (the GPU's memory is full)")

    def restored(here: str) -> Radiance:
        given = (tile, steps) if here == place else (None, on_processor)
        with _ONE_AT_A_TIME:
            coming = _reconstruct(photo, panorama, input_curve, quick, here, *given)
        return coming.wait()  # the next photo need not wait for this one's way back

    return where_it_fits(restored, place, device)


def where_it_fits(make: Callable[[str], _Made], place: str, asked: Device) -> _Made:
    """`make` on `place`, or on the processor where its memory does not suffice and the user did not ask for it."""
    try:
        return make(place)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        if place == "cpu":
            raise DeviceError(
                "The computer has not enough free memory.", "Close other programs, or convert a smaller photo."
            ) from error
        if asked != "auto":
            raise DeviceError(
                f"The device {place!r} has not enough free memory.", 'Close other programs, or choose the device "cpu".'
            ) from error
    with _ONE_AT_A_TIME:
        release_memory()  # only here the error, and with it all that it kept alive, is gone
    return where_it_fits(make, "cpu", "cpu")


def beside_the_network(device: str) -> AbstractContextManager[object]:
    """For work of another kind: on a GPU it and the network take turns."""
    return nullcontext() if device == "cpu" else _ONE_AT_A_TIME


def warm_up(device: Device = "auto") -> str:
    """Load the network onto the device that a conversion would take, and return its name. Raises as `reconstruct`."""
    place = choose_device(device)

    def loaded(here: str) -> str:
        with _ONE_AT_A_TIME:
            _inference(here)
        return here

    return where_it_fits(loaded, place, device)


def release_memory() -> None:
    """Give back what the network holds on a GPU. The next photo takes it again, in a second or two."""
    _inference.cache_clear()
    gc.collect()
    if torch.cuda.is_initialized():
        forget = getattr(torch._C, "_cuda_clearCublasWorkspaces", None)  # each thread that multiplied matrices has one
        if forget is not None:
            forget()
        _empty_cache()
        release_pinned()


def _empty_cache() -> None:
    try:
        torch.cuda.empty_cache()
    except RuntimeError as error:  # a GPU so full that CUDA cannot begin has nothing of ours
        if not is_out_of_memory(error):
            raise


@dataclass(frozen=True)
class _Steps:
    progress: Progress | None
    cancelled: IsCancelled | None
    stage: str = "Restoring light"

    def reach(self, fraction: float) -> None:
        if self.cancelled is not None and self.cancelled():
            raise Cancelled
        if self.progress is not None:
            self.progress(fraction, self.stage)


@dataclass(frozen=True)
class _Coming:
    """A photo's radiance on its way. facts: camera or not, and the restored light."""

    pixels: Tensor
    facts: Tensor
    survey: ComingSurvey | None
    transfers: Transfers
    device: str
    weights: str

    def wait(self) -> Radiance:
        self.transfers.wait()
        camera, *restored = self.facts.tolist()
        curve: Literal["srgb", "camera"] = "camera" if camera > 0 else "srgb"
        seen = None if self.survey is None else self.survey.arrived()
        return Radiance(self.pixels.numpy(), curve, RestoredLight(*restored), self.device, self.weights, seen)


@lru_cache(maxsize=1)
def _inference(device: str) -> tuple[Inference, str]:
    network, version = load_network()
    return Inference(network, torch.device(device, 0) if device == "cuda" else torch.device(device)), version


def _reconstruct(
    photo: Photo, panorama: bool, input_curve: InputCurve, quick: bool, place: str, side: int | None, steps: _Steps
) -> _Coming:
    with (
        torch.inference_mode(),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
    ):
        steps.reach(0.0)
        inference, weights = _inference(place)
        codes = Codes(photo, inference.device)
        view = codes.look(inference, panorama=panorama)
        steps.reach(_VIEW_DONE)
        camera = None if input_curve == "auto" else torch.tensor([float(input_curve == "camera")], device=inference.device)
        guidance = inference.guidance(view, codes.glow(inference), camera, quick=quick)
        steps.reach(_GUIDANCE_DONE)
        transfers = Transfers(inference.device)
        facts, pixels = transfers.room(4), transfers.room(photo.height, photo.width, 3)
        light = guidance.light
        transfers.bring(torch.stack([x[0].float() for x in (guidance.camera, light.share, light.low, light.high)]), facts)
        size = (side, side) if side is not None else tile_size(photo.height, photo.width, inference)
        seen = _restore(codes, guidance, inference, transfers, pixels, size, steps)
    return _Coming(pixels, facts, seen, transfers, place, weights)


def _restore(
    codes: Codes,
    guidance: Guidance,
    inference: Inference,
    transfers: Transfers,
    pixels: Tensor,
    size: tuple[int, int],
    steps: _Steps,
) -> ComingSurvey | None:
    """Fill `pixels` (H, W, 3) tile by tile. Returns the survey of a picture that a GPU restored as one tile."""
    height, width = pixels.shape[:2]
    restore = inference.light(guidance, (height, width))
    halo = inference.network.halo
    seen: list[ComingSurvey] = []

    def fill(y: range, x: range) -> None:
        code = codes.tile(y, x, halo, panorama=guidance.panorama)
        restored = restore(code, y.start, x.start)[0].permute(1, 2, 0)
        transfers.bring(restored, pixels[y.start : y.stop, x.start : x.stop])
        if restored.is_cuda and restored.shape == pixels.shape:
            seen.append(survey_on(restored, transfers))

    for y, x in tiles(height, width, size):
        _fill_in_parts(fill, y, x)
        steps.reach(_GUIDANCE_DONE + (1 - _GUIDANCE_DONE) * (y.start * width + x.stop * len(y)) / (height * width))
    return seen[0] if seen else None


def _fill_in_parts(fill: Callable[[range, range], None], y: range, x: range) -> None:
    """Fill a tile; where memory does not suffice, its halves."""
    try:
        fill(y, x)
        return
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error) or max(len(y), len(x)) <= SMALLEST_TILE:
            raise
    if torch.cuda.is_initialized():
        _empty_cache()
    for part in (0, 1):
        if len(y) >= len(x):
            _fill_in_parts(fill, _half(y, part), x)
        else:
            _fill_in_parts(fill, y, _half(x, part))


def _half(side: range, part: int) -> range:
    middle = (side.start + side.stop) // 2
    return range(middle, side.stop) if part else range(side.start, middle)
