"""A photo's code values on the device where the network runs: as a whole for its first look, and tile by tile."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from . import deband
from .network.glow import glow_size
from .network.inference import Inference
from .network.view import CROP, View, crop_corners, crop_to_size, halve, halved_corners, working_size
from .photo import Photo
from .tiles import read_tile

BAND_PIXELS = 2**22  # a larger photo is not looked at in one piece where plain torch does it
_Average = Callable[[Tensor, tuple[int, int], float], Tensor]


class Codes:
    """The pixels of `photo`, (3, H, W) integers: on a GPU all of them, in as many bytes as the photo has."""

    def __init__(self, photo: Photo, device: torch.device) -> None:
        self.photo = photo
        pixels = photo.pixels.view("int16") if photo.pixels.dtype == "uint16" else photo.pixels  # torch knows little of uint16
        whole = torch.from_numpy(pixels)
        self._pixels = (whole.to(device) if device.type == "cuda" else whole).permute(2, 0, 1)
        self._device = device

    def _numbers(self, part: Tensor) -> Tensor:
        """(3, h, w) of the stored integers to (1, 3, h, w) code values in [0, 1]."""
        part = part.to(self._device)
        if part.dtype == torch.int16:
            part = part.int() & 0xFFFF
        return (part.float() / self.photo.white)[None]

    def look(self, inference: Inference, *, panorama: bool) -> View:
        """What the network sees of the whole photo, see `network.view.look`."""
        height, width = self.photo.height, self.photo.width
        pooled = self._averaged(inference, inference.pool, working_size(height, width))
        crops = [crop_to_size(self._square(y, x, CROP)) for y, x in crop_corners(height, width)]
        halved = [halve(self._square(y, x, 2 * CROP)) for y, x in halved_corners(height, width)]
        return View(pooled, torch.stack(crops, 1), panorama, torch.stack(halved, 1) if halved else None)

    def _square(self, y: int, x: int, side: int) -> Tensor:
        return self._numbers(self._pixels[:, y : y + side, x : x + side])

    def glow(self, inference: Inference) -> Tensor:
        """What restored light is measured by, see `network.glow`."""
        return self._averaged(inference, inference.glow, glow_size(self.photo.height, self.photo.width))

    def _averaged(self, inference: Inference, average: _Average, size: tuple[int, int]) -> Tensor:
        height, width = self.photo.height, self.photo.width
        if inference.fused:
            pixels = self._pixels.view(torch.uint16) if self._pixels.dtype == torch.int16 else self._pixels
            return average(pixels, size, self.photo.white)
        if height * width <= BAND_PIXELS:
            return average(self._numbers(self._pixels)[0], size, 1.0)
        bands = []
        for row in range(size[0]):
            top, bottom = row * height // size[0], -(-(row + 1) * height // size[0])  # the rows that are averaged
            bands.append(average(self._numbers(self._pixels[:, top:bottom])[0], (1, size[1]), 1.0))
        return torch.cat(bands, 2)

    def tile(self, y: range, x: range, halo: int, *, panorama: bool) -> Tensor:
        """(1, 3, h + 2 halo, w + 2 halo) code values of a tile and what lies around it; those of eight bits debanded."""
        if self.photo.white != deband.WHITE:
            return self._numbers(read_tile(self._pixels, y, x, halo, panorama=panorama)).contiguous()
        margin = deband.halo(self.photo.height)
        codes = read_tile(self._pixels, y, x, halo + margin, panorama=panorama).to(self._device)
        return (deband.deband(codes, margin) / self.photo.white)[None]
