"""Fit what is said of rendered skies alone: `python -m training.fit_skies --data FOLDER ... --weights FILE --out FILE`.

How much light a clear sky hides, and where, follows from physics: the ensembles for skies of the energy head and of the place
head learn it from skies of Blender's Sky Texture (`training.skies`), photographed in every way, most of them plainly, as a
renderer does, and at every size: a sun of six pixels and one of a pixel are averaged differently. What is said of photos stays
as it is, and so does the gate that tells the two apart. Takes minutes on a GPU. Prints, after the weights are written, what
cross-validation says of skies that were left out.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from hdr_core.network.curve import srgb_encode
from hdr_core.network.energy import Members
from hdr_core.network.model import Network, Overview
from hdr_core.network.place import Places, features
from hdr_core.network.soft_mask import over_exposed
from hdr_core.network.statistics import COUNT, area, luminance
from hdr_core.network.view import View, look

from . import data, losses
from .camera import Shot, expose, shoot
from .checkpoint import save_average
from .fit_energy import fit, start
from .train import SEED

FOLDS = 5
PLAIN = 0.7  # share of the photos that are plain: sRGB, 8 bits, no noise
HALF = 0.5  # share of the photos of half the size
RESIZED = 0.3  # share of the photos that were made smaller after they were taken
LARGE = 0.5  # share of the photos of large skies, where there are such
CLIPPED = (0.002, 0.1)  # share of the area, of plain photos
LEAST_HIDDEN = 1e-3  # of what a photo shows as a whole: less need not be told apart
PIXELS = 512  # clipped pixels that are kept of a photo
RATE, DECAY, BATCH = 3e-3, 0.05, 32


@dataclass(frozen=True)
class Seen:
    """Of P photos: statistics of the small photo (P, COUNT), the log of the hidden light over what the photo shows as a whole
    (P,), and the fold (P,); of PIXELS clipped pixels of each: features (P, F, PIXELS), the log of what the photo shows there
    and in those that it stands for (P, PIXELS), and their share of the missing light (P, PIXELS).
    """

    statistics: Tensor
    wanted: Tensor
    fold: Tensor
    pixels: Tensor
    shown: Tensor
    light: Tensor

    def part(self, chosen: Tensor) -> Seen:
        return Seen(*(getattr(self, field.name)[chosen] for field in fields(self)))


def plain(radiance: Tensor) -> Shot:
    """Photos as a renderer saves them."""
    low, high = CLIPPED
    clipped = low * (high / low) ** torch.rand(len(radiance), device=radiance.device)
    truth = expose(radiance, clipped, panorama=True)
    code = (255 * srgb_encode(truth.clamp(0, 1))).round() / 255
    return Shot(code, truth, torch.zeros(len(radiance), device=radiance.device))


def photograph(truths: data.Truths, large: list[Tensor]) -> Shot:
    """One photo of one sky. large: (3, H, W) each."""
    pool = 2 if float(torch.rand(())) < HALF else 1
    if large and float(torch.rand(())) < LARGE:
        chosen = large[int(torch.randint(len(large), ()))]
        sky = functional.avg_pool2d(data.turned(chosen[None], 1), pool)
    else:
        sky = data.panoramas(truths, 1, pool=pool, skies=1.0)
    return plain(sky) if float(torch.rand(())) < PLAIN else shoot(sky, panorama=True)


def _resized(shot: Shot) -> Shot:
    """As an image editor makes a photo smaller: the means of code values, in 8 bits. At least 512 wide."""
    times = 2 ** int(torch.randint(1, max(int(math.log2(shot.photo.shape[-1] / 512)), 1) + 1, ()))
    if shot.photo.shape[-1] < 512 * times:
        return shot
    code = (255 * functional.avg_pool2d(shot.photo, times)).round() / 255
    return Shot(code, functional.avg_pool2d(shot.truth, times), shot.camera)


@torch.no_grad()
def looked_at(network: Network, shot: Shot, fold: int) -> Seen | None:
    """None where nothing clips. Some photos are made smaller before it is learnt from them where their light lies; how much it
    is they have to say at the size at which they were taken.
    """
    overview, view = _overview(network, shot)
    ratio, counts = losses.wanted_log_ratio(overview, shot, panorama=True)
    hidden = torch.expm1(ratio).clamp(min=1e-6).log() - overview.observed[:, -1]
    hidden = hidden.clamp(min=math.log(LEAST_HIDDEN))
    if float(torch.rand(())) < RESIZED:
        shot = _resized(shot)
        overview, view = _overview(network, shot)
    radiance, over = overview.radiance, view.pooled[:, 6:9]
    if not bool((counts & (over.amax((1, 2, 3)) > 0)).all()):
        return None
    size = (radiance.shape[-2], radiance.shape[-1])
    share = area(*size, panorama=True, like=radiance)
    whole, clipped = (functional.adaptive_avg_pool2d(x, size) for x in (shot.truth, over_exposed(shot.photo)))
    missing = (luminance((whole - radiance).clamp(min=0) * (clipped.amax(1, keepdim=True) > 0)) * share)[0].flatten()
    shown = (luminance(over * radiance) * share)[0].flatten()
    if not float(missing.sum()) > 0:
        return None
    chosen, stands_for = _sampled(shown, missing)
    ratio = functional.softplus(hidden + overview.observed[:, -1])
    around = features(radiance, over, ratio, panorama=True)[0].flatten(1)
    light = missing[chosen] * stands_for
    return Seen(
        overview.observed[:, COUNT:-1],
        hidden,
        torch.full_like(hidden, fold),
        around[None, :, chosen].half(),
        (shown[chosen] * stands_for).clamp(min=1e-12).log()[None],
        (light / light.sum())[None],
    )


def _overview(network: Network, shot: Shot) -> tuple[Overview, View]:
    view = look(shot.photo, panorama=True)
    return network.overview(view, shot.camera), view


def _sampled(shown: Tensor, missing: Tensor) -> tuple[Tensor, Tensor]:
    """PIXELS indices of clipped pixels, and how many each stands for: those where the most light is missing, and of the others
    some by chance.
    """
    clipped = (shown > 0).nonzero()[:, 0]
    ranked = clipped[missing[clipped].argsort(descending=True)]
    first, rest = ranked[: PIXELS // 4], ranked[PIXELS // 4 :]
    count = PIXELS - len(first)
    others = (rest if len(rest) else first)[torch.randint(max(len(rest), 1), (count,), device=shown.device)]
    stands_for = torch.full((PIXELS,), len(rest) / count, device=shown.device)
    stands_for[: len(first)] = 1
    return torch.cat([first, others]), stands_for


def photographed(network: Network, truths: data.Truths, large: list[Tensor], count: int) -> Seen:
    """About `count` photos, of skies in FOLDS parts that share none. large: (3, H, W) each."""
    rows = []
    for number, part in enumerate(data.folds(truths, FOLDS)):
        for _ in range(count // FOLDS):
            seen = looked_at(network, photograph(part, large[number::FOLDS]), number)
            if seen is not None:
                rows.append(seen)
    return Seen(*(torch.cat([getattr(row, field.name) for row in rows]) for field in fields(Seen)))


@dataclass(frozen=True)
class Skies:
    """Both ensembles."""

    members: Members
    places: Places


def fitted(network: Network, seen: Seen, steps: int) -> Skies:
    """The ensembles after `steps` steps from scratch, ready to infer."""
    device = seen.wanted.device
    skies = Skies(Members().to(device), Places().to(device))
    x = network.energy.scaled(seen.statistics)

    def energy_loss(some: Tensor) -> Tensor:
        hidden, log_scale = skies.members(x[some])
        return losses.total(losses.energy_terms(hidden - seen.wanted[some, None], log_scale.clamp(-4, 2)))

    def place_loss(some: Tensor) -> Tensor:
        said = skies.places(network.place.scaled(seen.pixels[some].float()[..., None]))[:, 0, :, 0]
        log_share = functional.log_softmax(said + seen.shown[some], 1)
        return -(seen.light[some] * log_share).sum(1).mean()

    fit(skies.members, len(x), steps, energy_loss, rate=RATE, decay=DECAY, batch=BATCH)
    fit(skies.places, len(x), steps, place_loss, rate=RATE, decay=DECAY, batch=BATCH)
    return skies


@torch.no_grad()
def cross_validated(network: Network, seen: Seen, steps: int) -> None:
    """Prints how far skies that were left out are off."""
    stops, placed = torch.empty_like(seen.wanted), torch.empty_like(seen.wanted)
    for fold in seen.fold.unique():
        out = seen.fold == fold
        with torch.enable_grad():
            skies = fitted(network, seen.part(~out), steps)
        left = seen.part(out)
        hidden, _ = skies.members(network.energy.scaled(left.statistics))
        stops[out] = (hidden.mean(1) - left.wanted) / math.log(2)
        said = skies.places(network.place.scaled(left.pixels.float()[..., None]))[:, 0, :, 0]
        share = functional.softmax(said + left.shown, 1)
        placed[out] = torch.minimum(share, left.light).sum(1)
    size = stops.abs()
    print(
        f"{len(stops)} photos of skies left out: {stops.median():+.2f} stops (median), {size.median():.2f} its size, "
        f"{(size < 1.5).float().mean():.0%} within 1.5; light in the right pixels: {placed.median():.0%} (median)"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of linear .exr truth, skies among them")
    parser.add_argument("--large", type=Path, help="a folder of rendered skies, 4096 wide")
    parser.add_argument("--weights", type=Path, required=True, help="average.safetensors of a training")
    parser.add_argument("--out", type=Path, required=True, help="the same with new ensembles for skies")
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    network, (truths, _) = start(options, everything=True)
    torch.manual_seed(SEED)
    device = torch.device(options.device)
    large = data.large_skies(options.large, device) if options.large else []
    seen = photographed(network, truths, large, options.photos)
    print(f"{len(seen.wanted)} photos", flush=True)
    skies = fitted(network, seen, options.steps)
    network.energy.skies, network.place.skies = skies.members, skies.places
    save_average(network, options.out)
    cross_validated(network, seen, options.steps)
    return 0


if __name__ == "__main__":
    sys.exit(main())
