"""Views as a camera takes them: the photo's own light, and the light that is restored from it, both on the truth's scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from hdr_core.colour import srgb_decode
from hdr_core.photo import Photo
from hdr_core.reconstruct import reconstruct
from training.measure import Condition, photograph


@dataclass(frozen=True)
class Taken:
    """(h, w, 3) float32 linear. seen: the code values through the sRGB curve; restored: what a conversion makes of them."""

    seen: np.ndarray
    restored: np.ndarray


def take(view: np.ndarray, condition: Condition, seed: int) -> Taken:
    """view: (h, w, 3) linear. As in the score of panoramas, one gain each fits what is well exposed to the truth."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        code, _ = photograph(torch.from_numpy(view).permute(2, 0, 1)[None], condition, panorama=False)
    codes = (code[0].permute(1, 2, 0) * 255).round().byte().numpy()
    usable = (codes.min(-1) > 12) & (codes.max(-1) < 217)
    if usable.sum() < 64:
        usable = codes.max(-1) < 250

    def fitted(light: np.ndarray) -> np.ndarray:
        return light * np.float32(np.median((view.mean(-1) / np.maximum(light.mean(-1), 1e-6))[usable]))

    restored = reconstruct(Photo(codes, None, "sRGB"), panorama=False).pixels
    return Taken(fitted(srgb_decode(codes / np.float32(255)).astype(np.float32)), fitted(restored))
