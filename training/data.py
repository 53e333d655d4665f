"""The truths of a folder, on the GPU as a whole, and batches of random views of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

HELD_OUT_EVERY = 9
PANORAMA = (512, 1024)
FLAT = (384, 512)


def read_truth(path: Path) -> np.ndarray:
    """(H, W, 3) float16 linear Rec.709 radiance."""
    import OpenEXR

    channels = OpenEXR.File(str(path)).channels()
    pixels = channels["RGB"].pixels if "RGB" in channels else channels["RGBA"].pixels[..., :3]
    return np.nan_to_num(pixels.astype(np.float32), nan=0, posinf=60000).clip(0, 60000).astype(np.float16)


@dataclass(frozen=True)
class Truths:
    """panoramas (N, 3, 512, 1024) float16; stills: (3, H, W) float16 each."""

    panoramas: Tensor
    stills: list[Tensor]


def load(folders: list[Path], device: torch.device) -> tuple[Truths, Truths]:
    """The truths to learn from, and those held out for decisions: every ninth of each kind, by name."""
    paths = sorted(p for folder in folders for p in folder.glob("*.exr"))
    if not paths:
        raise FileNotFoundError(f"no .exr in {', '.join(map(str, folders))}: name the folders of the truth with --data")
    with ThreadPoolExecutor(16) as pool:
        pictures = list(pool.map(read_truth, paths))
    panoramas = [p for p in pictures if p.shape[:2] == PANORAMA]
    stills = [p for p in pictures if p.shape[1] != 2 * p.shape[0]]

    def part(kind: list[np.ndarray], held: bool) -> list[Tensor]:
        chosen = [p for i, p in enumerate(kind) if (i % HELD_OUT_EVERY == HELD_OUT_EVERY // 2) == held]
        return [torch.from_numpy(p).permute(2, 0, 1).contiguous().to(device) for p in chosen]

    learn, held = (Truths(torch.stack(part(panoramas, h)), part(stills, h)) for h in (False, True))
    return learn, held


def _flipped(batch: Tensor) -> Tensor:
    flip = torch.rand(len(batch), 1, 1, 1, device=batch.device) < 0.5
    return torch.where(flip, batch.flip(-1), batch)


def panoramas(truths: Truths, count: int) -> Tensor:
    """(count, 3, 512, 1024) float32: random panoramas, turned about the vertical, mirrored; some are joined from two."""
    device = truths.panoramas.device
    width = PANORAMA[1]

    def turned() -> Tensor:
        chosen = truths.panoramas[torch.randint(len(truths.panoramas), (count,), device=device)].float()
        columns = torch.arange(width, device=device) + torch.randint(width, (count, 1), device=device)
        return _flipped(chosen.gather(3, (columns % width)[:, None, None].expand_as(chosen)))

    batch = turned()
    # a strip of another panorama at the same median level: a light then stands in surroundings that are not its own
    other = turned()
    strip = torch.randint(width // 8, width // 2, (count, 1, 1, 1), device=device)
    joined = (torch.rand(count, 1, 1, 1, device=device) < 0.3) & (torch.arange(width, device=device) < strip)
    return torch.where(joined, other, batch)


def flats(truths: Truths, count: int) -> Tensor:
    """(count, 3, 384, 512) float32: random parts of stills and of panoramas' middle, as flat pictures."""
    out = []
    for _ in range(count):
        if torch.rand(()) < 0.5:
            source = truths.stills[int(torch.randint(len(truths.stills), ()))].float()
            scale = max(FLAT[0] / source.shape[1], FLAT[1] / source.shape[2])
            most = 1.0 if scale >= 1 else float(torch.rand(()) * (1 - scale) + scale)
            size = [max(int(s * max(scale, most)), f) for s, f in zip(source.shape[1:], FLAT, strict=True)]
            source = torch.nn.functional.interpolate(source[None], size, mode="area" if scale < 1 else "bilinear")[0]
        else:
            source = truths.panoramas[int(torch.randint(len(truths.panoramas), ()))].float()[:, 40:472]
        y, x = (int(torch.randint(s - f + 1, ())) for s, f in zip(source.shape[1:], FLAT, strict=True))
        out.append(source[:, y : y + FLAT[0], x : x + FLAT[1]])
    return _flipped(torch.stack(out))
