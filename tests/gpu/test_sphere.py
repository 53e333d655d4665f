"""An ordinary photo becomes a sphere on the GPU as on the processor. Skipped where there is no NVIDIA GPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from hdr_core import whole
from hdr_core.projection.lenses import Circle, Cylindrical, DualFisheye, Fisheye, Lens, MirrorBall, Perspective
from hdr_core.projection.resample import resample, rotation
from hdr_core.sphere.complete import completed

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU on this machine")
LENSES = {
    "perspective": Perspective(600, 400, 430.0),
    "cylindrical": Cylindrical(900, 200, 200.0, 90.0),
    "fisheye": Fisheye(400, 400, Circle(200, 200, 190), 1.6),
    "dual": DualFisheye(800, 400, (Circle(200, 200, 195), Circle(600, 200, 195)), 1.65),
    "ball": MirrorBall(300, 300, Circle(150, 150, 140)),
}


def light(height: int, width: int) -> np.ndarray:
    torch.manual_seed(3)
    smooth = functional.interpolate(torch.randn(1, 3, 5, 7), (height, width), mode="bicubic")[0]
    rough = functional.interpolate(torch.randn(1, 1, height // 4, width // 4), (height, width))[0]
    return (smooth + 0.3 * rough - 1.5).exp().permute(1, 2, 0).contiguous().numpy()


def _near(got: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return (got.cpu() - wanted).abs() / wanted.clamp(min=1e-3)


@pytest.mark.parametrize("name", LENSES)
def test_the_map_and_what_is_filled_in_are_those_of_the_processor(name: str) -> None:
    lens: Lens = LENSES[name]
    turn, picture = rotation(8, 3, 40), light(lens.height, lens.width)
    pixels, covered = resample(picture, lens, turn, 1024)
    there, shown = resample(picture, lens, turn, 1024, device="cuda")
    assert (shown.cpu() - covered).abs().max() < 0.3  # a sample on the edge may fall on either side
    assert (shown.cpu() - covered).abs().mean() < 1e-4
    inside = covered > 0.999
    assert _near(there, pixels)[inside].max() < 2e-3
    error = _near(completed(pixels.cuda(), covered.cuda()), completed(pixels, covered))
    assert error.median() < 1e-3
    assert error.flatten().sort().values[int(0.999 * error.numel())] < 0.02


def test_a_large_sphere_takes_no_more_memory_than_it_says() -> None:
    lens = Perspective(2000, 1500, 1400.0)
    picture = light(1500, 2000)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    completed(*resample(picture, lens, np.eye(3), 8192, device="cuda"))
    taken = (torch.cuda.max_memory_allocated() - before) / (8192 * 4096)
    assert 0.6 * whole._GPU_BYTES < taken < whole._GPU_BYTES
