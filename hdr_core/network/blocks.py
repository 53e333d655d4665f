"""Statistics of the blocks of 8 x 8 pixels that JPEG compresses: what tells a file as a program wrote it from a camera's.

Compression rounds most frequencies of a block to nothing, noise fills them all, and a picture that neither touched has a little
of each. Seen in the cosine transform this is plain; in code values it is less than one of 255.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .constants import constant

BLOCK = 8  # pixels
BLOCK_STATISTICS = 3 * 3 * BLOCK**2
_NEAR_NOTHING = (0.7, 2.0)  # code values
_YCC = ((0.299, 0.587, 0.114), (-0.1687, -0.3313, 0.5), (0.5, -0.4187, -0.0813))  # JPEG's own colours


def cosines(like: Tensor) -> Tensor:
    """The basis of the cosine transform, (8, 8), orthonormal: `basis @ block @ basis.T` is a block's transform."""
    k = torch.arange(BLOCK, dtype=torch.float32, device=like.device)
    basis = torch.cos((2 * k[None] + 1) * k[:, None] * math.pi / (2 * BLOCK)) * (2 / BLOCK) ** 0.5
    basis[0] *= 0.5**0.5
    return basis


def block_statistics(crops: Tensor) -> Tensor:
    """(N, M, 3, h, w) code values of crops whose corners lie on JPEG's grid to (N, BLOCK_STATISTICS).

    For luma and two chromas and each of 64 frequencies: how often its size is near nothing (twice), and its mean logarithm.
    """
    n = len(crops)
    ycc = torch.einsum("ij,nmjhw->nmihw", constant(_YCC, crops), 255 * crops)
    blocks = ycc.unflatten(-1, (-1, BLOCK)).unflatten(-3, (-1, BLOCK)).transpose(-3, -2)  # (N, M, 3, rows, columns, 8, 8)
    basis = cosines(crops)
    size = (basis @ blocks @ basis.T).abs().transpose(1, 2).reshape(n, 3, -1, BLOCK**2)
    near = [torch.exp(-((size / limit) ** 2)).mean(2) for limit in _NEAR_NOTHING]
    return torch.cat([x.flatten(1) for x in (*near, (size + 0.2).log().mean(2))], 1)
