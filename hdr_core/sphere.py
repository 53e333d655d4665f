"""The rest of the sphere: what a photo does not show is filled in, softly, in the colours and the light that it does show."""

from __future__ import annotations

import numpy as np


def complete(pixels: np.ndarray, covered: np.ndarray) -> np.ndarray:
    raise NotImplementedError
