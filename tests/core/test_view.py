"""What the network sees of a whole photo is the same wherever the photo lies."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hdr_core.codes import Codes
from hdr_core.network.inference import Inference
from hdr_core.network.view import CROP, HALVED_FROM, crop, look
from hdr_core.network.weights import load_network
from hdr_core.photo import Photo


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_large_photo_is_looked_at_in_half_its_size_too(dtype: type) -> None:
    white = np.iinfo(dtype).max
    pixels = np.random.default_rng(0).integers(0, white, (120, HALVED_FROM + 2, 3), dtype, endpoint=True)
    code = torch.from_numpy((pixels / np.float32(white)).transpose(2, 0, 1).copy())[None]
    with torch.inference_mode():
        whole = look(code, panorama=False)
        seen = Codes(Photo(pixels, None, "sRGB"), torch.device("cpu")).look(
            Inference(load_network()[0], torch.device("cpu")), panorama=False
        )
    assert whole.halved is not None
    assert seen.halved is not None
    torch.testing.assert_close(seen.halved, whole.halved, rtol=0, atol=0)
    half = crop(torch.nn.functional.avg_pool2d(code, 2))
    assert (whole.halved - half).abs().max() <= 1.01 / 255  # rounded to eight bits
    assert ((255 * whole.halved) % 1).abs().max() < 1e-3


@pytest.mark.parametrize("size", [(1024, HALVED_FROM), (2 * CROP - 1, HALVED_FROM + 2)])
def test_smaller_and_narrow_ones_are_not(size: tuple[int, int]) -> None:
    assert look(torch.rand(1, 3, *size), panorama=False).halved is None
