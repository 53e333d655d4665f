"""How large the tiles of a photo may be: found out from the memory that there is."""

from __future__ import annotations

import os

import torch

from .network.inference import Inference

CPU_TILE = 1024  # pixels a side
GPU_TILE = 1024  # of plain torch on a GPU: about 0.8 kB a pixel while it is restored
FUSED_BYTES = 100  # of a pixel, while our own kernels restore it: code values, debanding, radiance
RESERVE = 2**29  # bytes of a GPU that stay free: Blender draws on the same one
LARGEST_STRIP = 2**24  # pixels: more at once is no faster
SMALLEST_STRIP = 2**18


def free_memory(device: torch.device) -> int:
    """Bytes of a GPU that may be used: what is free, and what torch keeps for later, less RESERVE.

    The environment variable LDR_TO_HDRI_GPU_MEMORY, in GiB, sets another limit on what this process takes.
    """
    free, _ = torch.cuda.mem_get_info(device)
    own = torch.cuda.memory_allocated(device)
    available = free + torch.cuda.memory_reserved(device) - own - RESERVE
    limit = os.environ.get("LDR_TO_HDRI_GPU_MEMORY")
    return int(min(available, float(limit) * 2**30 - own) if limit else available)


def tile_size(height: int, width: int, inference: Inference) -> tuple[int, int]:
    """Rows and columns of the tiles of a photo. Our own kernels take strips of whole rows: those of the result lie together."""
    if inference.device.type == "cpu":
        return CPU_TILE, CPU_TILE
    if not inference.fused:
        return GPU_TILE, GPU_TILE
    pixels = min(max(free_memory(inference.device) // FUSED_BYTES, SMALLEST_STRIP), LARGEST_STRIP)
    return max(pixels // width, 16), width
