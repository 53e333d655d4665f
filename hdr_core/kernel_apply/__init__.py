"""Apply per-pixel decoupled kernels to a picture: our CUDA kernels, or the same in plain torch, which defines the meaning."""

from . import reference
from .operator import Border, has_kernels, kernel_apply

__all__ = ["Border", "has_kernels", "kernel_apply", "reference"]
