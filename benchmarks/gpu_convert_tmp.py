"""Temporary: where reconstruct's time goes on a GPU."""
from __future__ import annotations

import importlib.util
import os
import time

import numpy as np
import torch

from hdr_core import deband, reconstruct as module
from hdr_core.codes import Codes
from hdr_core.photo import Photo
from hdr_core.tiles import read_tile

print("cores", os.cpu_count(), {m: importlib.util.find_spec(m) is not None for m in ("pyvips", "OpenEXR", "triton", "safetensors", "PIL", "pytest", "scipy")})
rng = np.random.default_rng(0)
small = rng.random((32, 64, 3))
for height in (2048, 4096):
    y = np.linspace(0, 31, height).astype(int)
    x = np.linspace(0, 63, 2 * height).astype(int)
    pixels = (small[y][:, x] * 300 + rng.integers(0, 4, (height, 2 * height, 1))).clip(0, 255).astype(np.uint8)
    photo = Photo(pixels, None, "sRGB")
    for i in range(4):
        torch.cuda.reset_peak_memory_stats()
        t = time.perf_counter()
        r = module.reconstruct(photo, panorama=True, device="cuda")
        torch.cuda.synchronize()
        print(f"{2 * height} x {height} reconstruct {i}: {time.perf_counter() - t:.3f} s, peak {torch.cuda.max_memory_allocated() / 2**30:.2f} GiB", flush=True)
    inference, _ = module._inference("cuda")
    with torch.inference_mode():
        def clock(name, f):
            f(); torch.cuda.synchronize(); t = time.perf_counter(); v = f(); torch.cuda.synchronize()
            print(f"   {name}: {1e3 * (time.perf_counter() - t):.1f} ms", flush=True)
            return v
        codes = clock("upload", lambda: Codes(photo, inference.device))
        view = clock("look", lambda: codes.look(inference, panorama=True))
        guidance = clock("guidance", lambda: inference.guidance(view, None))
        restore = clock("prepare light", lambda: inference.light(guidance, pixels.shape[:2]))
        rows = range(0, 2048)
        margin = deband.halo(height)
        part = clock("read tile (2048 rows)", lambda: read_tile(codes._pixels, rows, range(2 * height), 2 + margin, panorama=True))
        clock("deband (2048 rows)", lambda: deband.deband(part, margin))
        code = codes.tile(rows, range(2 * height), 2, panorama=True)
        out = clock("light (2048 rows)", lambda: restore(code, 0, 0))
        host = np.empty((2048, 2 * height, 3), np.float32)
        clock("download pageable (2048 rows)", lambda: torch.from_numpy(host).copy_(out[0].permute(1, 2, 0)))
        pinned = torch.empty(2048, 2 * height, 3, pin_memory=True)
        clock("download pinned (2048 rows)", lambda: pinned.copy_(out[0].permute(1, 2, 0)))
        clock("memcpy (2048 rows)", lambda: torch.from_numpy(host).copy_(pinned))
