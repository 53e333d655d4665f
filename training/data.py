"""The truths of folders, on the GPU as a whole, and batches of random views of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from hdr_core.network.statistics import luminance

from .views import perspective, rotated

HELD_OUT_EVERY = 9
PANORAMA = (512, 1024)
FLAT = (384, 512)
SKY = "sky_"  # how the names of rendered skies begin, see skies.py
SKIES = 0.12  # share of the panoramas that are rendered skies
TILT = 15.0  # degrees


def read_truth(path: Path) -> np.ndarray:
    """(H, W, 3) float16 linear Rec.709 radiance."""
    import OpenEXR

    channels = OpenEXR.File(str(path)).channels()
    pixels = channels["RGB"].pixels if "RGB" in channels else channels["RGBA"].pixels[..., :3]
    return np.nan_to_num(pixels.astype(np.float32), nan=0, posinf=60000).clip(0, 60000).astype(np.float16)


@dataclass(frozen=True)
class Truths:
    """panoramas, skies: (N, 3, 512, 1024) float16; stills: (3, H, W) float16 each."""

    panoramas: Tensor
    skies: Tensor
    stills: list[Tensor]


def load(folders: list[Path], device: torch.device, *, everything: bool = False) -> tuple[Truths, Truths]:
    """The truths to learn from, and those held out for decisions: every ninth of each kind, by name.

    everything: learn from the held-out ones too.
    """
    paths = sorted((p for folder in folders for p in folder.glob("*.exr")), key=lambda path: path.name)
    if not paths:
        raise FileNotFoundError(f"no .exr in {', '.join(map(str, folders))}: name the folders of the truth with --data")
    with ThreadPoolExecutor(16) as pool:
        pictures = dict(zip(paths, pool.map(read_truth, paths), strict=True))
    whole = {path: p for path, p in pictures.items() if p.shape[:2] == PANORAMA}
    kinds = (
        [p for path, p in whole.items() if not path.name.startswith(SKY)],
        [p for path, p in whole.items() if path.name.startswith(SKY)],
        [p for p in pictures.values() if p.shape[1] != 2 * p.shape[0]],
    )

    def part(kind: list[np.ndarray], held: bool) -> list[Tensor]:
        drawn = [i % HELD_OUT_EVERY == HELD_OUT_EVERY // 2 for i in range(len(kind))]
        chosen = [p for p, out in zip(kind, drawn, strict=True) if out == held or (everything and not held)]
        return [torch.from_numpy(p).permute(2, 0, 1).contiguous().to(device) for p in chosen]

    def truths(held: bool) -> Truths:
        panoramas, skies, stills = (part(kind, held) for kind in kinds)
        return Truths(torch.stack(panoramas), torch.stack(skies) if skies else torch.empty(0, 3, *PANORAMA), stills)

    return truths(False), truths(True)


def large_skies(folder: Path, device: torch.device) -> list[Tensor]:
    """The rendered skies of a folder, (3, H, W) float16 each, of any size."""
    return [torch.from_numpy(read_truth(path)).permute(2, 0, 1).to(device) for path in sorted(folder.glob("*.exr"))]


def folds(truths: Truths, count: int) -> list[Truths]:
    """`truths` in `count` parts, for cross-validation."""
    return [Truths(truths.panoramas[i::count], truths.skies[i::count], truths.stills[i::count]) for i in range(count)]


def _mirrored(batch: Tensor) -> Tensor:
    flip = torch.rand(len(batch), 1, 1, 1, device=batch.device) < 0.5
    return torch.where(flip, batch.flip(-1), batch)


def turned(source: Tensor, count: int) -> Tensor:
    """(count, 3, H, W) float32: random ones, turned about the vertical and mirrored."""
    chosen = source[torch.randint(len(source), (count,), device=source.device)].float()
    width = chosen.shape[-1]
    columns = torch.arange(width, device=source.device) + torch.randint(width, (count, 1), device=source.device)
    return _mirrored(chosen.gather(3, (columns % width)[:, None, None].expand_as(chosen)))


def _median(batch: Tensor) -> Tensor:
    return luminance(batch[..., ::4, ::4]).flatten(1).median(1).values[:, None, None, None]


def _with_ground(skies: Tensor, panoramas: Tensor) -> Tensor:
    """Rendered skies over the ground of real panoramas, as bright as the ground that the sky lights."""
    half = skies.shape[-2] // 2
    ground = panoramas[..., half:, :] * (_median(skies[..., half:, :]) / _median(panoramas[..., half:, :]).clamp(min=1e-4))
    # no lamps in the ground: a sun lights it
    return torch.cat([skies[..., :half, :], torch.minimum(ground, 6 * _median(ground))], -2)


def panoramas(truths: Truths, count: int, *, pool: int = 1, skies: float = SKIES) -> Tensor:
    """(count, 3, 512 / pool, 1024 / pool) float32: random panoramas, turned, mirrored, some tilted and some joined from two;
    `skies` of them are rendered skies.
    """
    sky = int(torch.binomial(torch.tensor(float(count)), torch.tensor(skies))) if len(truths.skies) else 0
    batch = turned(truths.panoramas, count - sky)
    # a strip of another panorama at the same median level: a light then stands in surroundings that are not its own
    device, width = batch.device, PANORAMA[1]
    other = turned(truths.panoramas, count - sky)
    strip = torch.randint(width // 8, width // 2, (count - sky, 1, 1, 1), device=device)
    joined = (torch.rand(count - sky, 1, 1, 1, device=device) < 0.25) & (torch.arange(width, device=device) < strip)
    batch = torch.where(joined, other, batch)
    if sky:
        rendered = turned(truths.skies, sky)
        grounded = _with_ground(rendered, turned(truths.panoramas, sky))
        batch = torch.cat([batch, torch.where(torch.rand(sky, 1, 1, 1, device=device) < 0.6, grounded, rendered)])
    if pool > 1:
        batch = functional.avg_pool2d(batch, pool)
    tilted = max(count // 3, 1)
    return torch.cat([rotated(batch[:tilted], TILT), batch[tilted:]])


def flats(truths: Truths, count: int) -> Tensor:
    """(count, 3, 384, 512) float32: random parts of stills, and perspective views into panoramas."""
    seen = count // 2
    out = [*perspective(turned(truths.panoramas, seen), FLAT, (40.0, 110.0))]
    for _ in range(count - seen):
        source = truths.stills[int(torch.randint(len(truths.stills), ()))].float()
        scale = max(FLAT[0] / source.shape[1], FLAT[1] / source.shape[2])
        most = 1.0 if scale >= 1 else float(torch.rand(()) * (1 - scale) + scale)
        size = [max(int(s * max(scale, most)), f) for s, f in zip(source.shape[1:], FLAT, strict=True)]
        source = functional.interpolate(source[None], size, mode="area" if scale < 1 else "bilinear")[0]
        y, x = (int(torch.randint(s - f + 1, ())) for s, f in zip(source.shape[1:], FLAT, strict=True))
        out.append(source[:, y : y + FLAT[0], x : x + FLAT[1]])
    return _mirrored(torch.stack(out))
