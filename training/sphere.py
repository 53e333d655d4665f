"""Training of the network that tells the rest of the sphere.

python -m training.sphere --data panoramas.npz --out FOLDER --minutes 8 [--start last.pt] [--everything]

Every ninth family of panoramas (those whose names begin with the same word) is held out, unless --everything; at the end, the
medians on views of those are printed, beside the photo's light spread out and the simple fills. Needs torch and numpy only.
"""

from __future__ import annotations

import argparse
import copy
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hdr_core.network.sphere_net import SphereNet
from training.sphere_harmonic import harmonic
from training.sphere_losses import Measure, loss_of
from training.sphere_settings import SphereSettings
from training.sphere_views import Views, make_views


def read(path: Path, everything: bool) -> tuple[np.ndarray, np.ndarray]:
    """Panoramas (n, h, 2h, 3) float16 to train on, and those held out."""
    with np.load(path) as file:
        light, names = file["light"], [str(name) for name in file["names"]]
    families = [name.removeprefix("pano_").split("_")[0] for name in names]
    held = set(sorted(set(families))[4::9])
    out = np.array([family in held for family in families])
    return (light if everything else light[~out]), light[out]


def report(network: SphereNet, held: Tensor, settings: SphereSettings, *, simple: bool) -> tuple[str, float]:
    """Medians on views of the panoramas held out, and the network's of the relative RMSE."""
    generator = torch.Generator(device=held.device).manual_seed(settings.seed + 1)
    measure = Measure(held.device)
    told: dict[str, list[Tensor]] = {}
    for _ in range(settings.views_held):
        views = make_views(held, torch.arange(len(held), device=held.device), generator, settings, clip=False)
        with torch.no_grad():
            fills = {"network": network(views.light, views.share, views.peak)}
        if simple:
            fills |= simple_fills(views)
        for name, fill in fills.items():
            told.setdefault(name, []).append(torch.stack(measure(views, fill), -1))
    lines = []
    for name, rows in told.items():
        every = torch.cat(rows)
        middle = every.median(0).values.tolist()
        lines.append(
            f"{name:12} diffuse {middle[0]:.3f} angle {middle[1]:.2f} energy {middle[2]:+.2f} "
            f"|energy| {every[:, 2].abs().median():.2f} ({len(every)} views)"
        )
    return "\n".join(lines), float(torch.cat(told["network"])[:, 0].median())


def simple_fills(views: Views) -> dict[str, Tensor]:
    """The mean colour, the harmonic fill, and the photo's light spread out, on the coarse map."""
    from hdr_core.sphere.spread import spread_light

    weight = views.share * views.area
    mean = (views.light * weight).sum((2, 3), keepdim=True) / weight.sum((2, 3), keepdim=True)
    spread, smooth = [], []
    for light, share in zip(views.light.cpu(), views.share.cpu(), strict=True):
        spread.append(spread_light(light[None], share[None])[0][0])
        values = light.permute(1, 2, 0).numpy().astype(np.float64)
        smooth.append(torch.from_numpy(harmonic(values, share[0].numpy() > 0.5)).permute(2, 0, 1).float())
    device = views.light.device
    return {
        "mean colour": mean.expand_as(views.light),
        "harmonic": torch.stack(smooth).to(device),
        "spread out": torch.stack(spread).to(device),
    }


def _keep(network: SphereNet, path: Path) -> None:
    torch.save({name: value.half() for name, value in network.state_dict().items()}, path)


def _resume(path: Path, network: SphereNet, mean: SphereNet, optimizer: torch.optim.Optimizer) -> int:
    """The step that the checkpoint had reached."""
    state = torch.load(path, map_location=next(network.parameters()).device, weights_only=True)
    network.load_state_dict(state["network"])
    mean.load_state_dict(state["mean"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--start", type=Path, help="a checkpoint of an earlier run, to go on from")
    parser.add_argument("--everything", action="store_true", help="train on the held-out part, too")
    parser.add_argument("--batch", type=int, default=SphereSettings.batch)
    return parser.parse_args()


def main() -> int:
    options = _options()
    settings = SphereSettings(batch=options.batch)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(settings.seed)
    train, held = (torch.from_numpy(part).to(device) for part in read(options.data, options.everything))
    network = SphereNet(settings.width, settings.dropout).to(device)
    mean = copy.deepcopy(network).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    step = _resume(options.start, network, mean, optimizer) if options.start else 0
    generator = torch.Generator(device=device).manual_seed(settings.seed + step)
    measure = Measure(device)
    options.out.mkdir(parents=True, exist_ok=True)
    log = (options.out / "sphere.log").open("a", encoding="utf-8")

    def say(text: str) -> None:
        print(text, flush=True)
        print(text, file=log, flush=True)

    def save() -> None:
        state = {"network": network.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
        torch.save(state, options.out / "last.pt")

    say(f"{len(train)} panoramas, {len(held)} held out, {sum(p.numel() for p in network.parameters())} weights, {device}")
    begun, seconds, reported, best, first = time.monotonic(), options.minutes * 60, 0.0, math.inf, step
    while (passed := time.monotonic() - begun) < seconds:
        part = passed / seconds
        rate = settings.rate * min(1, (step - first + 1) / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * part)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        which = torch.randint(len(train), (settings.batch,), generator=generator, device=device)
        views = make_views(train, which, generator, settings, clip=True)
        loss = loss_of(measure, views, network(views.light, views.share, views.peak), settings)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        keep = min(settings.ema, (step + 1) / (step + 10))
        with torch.no_grad():
            for old, new in zip(mean.parameters(), network.parameters(), strict=True):
                old.lerp_(new, 1 - keep)
        if passed - reported > min(30, seconds / 8):
            reported = passed
            text, score = report(mean, held, settings, simple=False)
            say(f"{passed:.0f} s, step {step}, loss {float(loss.detach()):.4f}; held out: {text}")
            if score < best:
                best = score
                _keep(mean, options.out / "best.pt")
            save()
    save()
    _keep(mean, options.out / "sphere_net.pt")
    say(report(mean, held, settings, simple=True)[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
