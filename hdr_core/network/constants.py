"""Constant tensors, made once for each device: a copy to the GPU for every use would wait for it, and break its graphs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor


def constant(values: tuple[Any, ...], like: Tensor) -> Tensor:
    """`values`, nested tuples of numbers, as a tensor of the type and on the device of `like`. Not to be changed in place."""
    return _constant(values, like.device, like.dtype)


@lru_cache(maxsize=64)
def _constant(values: tuple[Any, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    with torch.inference_mode(False):  # it may serve training, too
        return torch.tensor(values, device=device, dtype=dtype)
