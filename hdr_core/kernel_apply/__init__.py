"""Apply per-pixel decoupled kernels to a picture. `reference` defines the meaning, in plain torch, for every device."""

from .reference import Border, kernel_apply

__all__ = ["Border", "kernel_apply"]
