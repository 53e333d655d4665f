"""The survey of a picture that is on a GPU: reading it there is cheaper than on the processor, which has files to write."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .network.constants import constant
from .network.statistics import LUMA
from .survey import Survey, coarse_size, thinning
from .transfer import Transfers

_ROWS = 512  # of the picture at a time


@dataclass(frozen=True)
class ComingSurvey:
    """On its way to the processor: the coarse luminance (rows, columns), the largest number and luminance (2,), the sample."""

    coarse: Tensor
    largest: Tensor
    sample: Tensor

    def arrived(self) -> Survey:
        """Once its transfers are done."""
        largest, brightest = self.largest.tolist()
        return Survey(self.coarse.numpy().astype(np.float64), largest, brightest, self.sample.numpy().ravel())


def survey_on(light: Tensor, transfers: Transfers) -> ComingSurvey:
    """Of a whole picture, (H, W, 3) float32."""
    height, width = light.shape[:2]
    rows, columns = coarse_size(height, width)
    down, across = _shares(rows, height, light.device), _shares(columns, width, light.device)
    weights = constant(LUMA, light)
    coarse = light.new_zeros(down.shape[0], across.shape[0])
    largest, brightest = [], []
    for top in range(0, height, _ROWS):
        band = light[top : top + _ROWS]
        bright = (band * weights).sum(-1)
        coarse += down[:, top : top + _ROWS] @ (bright @ across.T)
        largest.append(band.max())
        brightest.append(bright.max())
    ends = torch.stack([torch.stack(largest).max(), torch.stack(brightest).max()])
    step = thinning(height, width)
    sample = (light[::step, ::step] * weights).sum(-1)
    coming = ComingSurvey(*(transfers.room(*there.shape) for there in (coarse, ends, sample)))
    for there, here in zip((coarse, ends, sample), (coming.coarse, coming.largest, coming.sample), strict=True):
        transfers.bring(there, here)
    return coming


def _shares(cells: int, side: int, device: torch.device) -> Tensor:
    """What each cell has of each pixel along one side, (cells, side): a row makes a mean."""
    ends = torch.arange(cells + 1, device=device)[:, None] * side // cells
    pixels = torch.arange(side, device=device)
    return ((pixels >= ends[:-1]) & (pixels < ends[1:])).float() / (ends[1:] - ends[:-1])
