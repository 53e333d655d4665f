"""What each part of the network is worth: variants trained alike, measured on held-out panoramas, with what they cost.

    python -m training.ablation --data FOLDER ... --out FOLDER --steps N [--only NAME ...] [--start WEIGHTS]
    python -m training.ablation --out FOLDER --table

Each variant gets the same photos and the same number of steps. --start gives the response curve, the energy head and the place
head their trained weights; the curve's kind is told to the network, so that only restoring is compared.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file

from hdr_core.network.model import Network, NetworkConfig
from hdr_core.network.padding import pad
from hdr_core.network.view import look

from . import data
from .camera import shoot
from .measure import measure
from .train import SEED
from .trainer import LEARNING_RATE, Trainer

PHOTOS = 12  # a step, of 512 x 256
FIGURES = ("pu21_psnr", "highlight_stops", "diffuse_rmse", "glossy_rmse", "energy")
VARIANTS = {
    "plain encoder-decoder": NetworkConfig(mask="none", kernels="direct", energy=False),
    "kernels, without soft mask": NetworkConfig(mask="none", energy=False),
    "paper's form: kernels, soft mask": NetworkConfig(energy=False),
    "ours: paper's form, energy head": NetworkConfig(),
    "ours, direct instead of kernels": NetworkConfig(kernels="direct"),
    "ours, full C x K2 kernels": NetworkConfig(kernels="full"),
    "ours, K = 1": NetworkConfig(kernel_size=1),
    "ours, K = 3": NetworkConfig(kernel_size=3),
    "ours, K = 7": NetworkConfig(kernel_size=7),
    "ours, dilated: K = 5 at 4": NetworkConfig(dilations=(4,)),
    "ours, pyramid: K = 3 at 1, 3, 9": NetworkConfig(kernel_size=3, dilations=(1, 3, 9)),
}


def train(config: NetworkConfig, truths: data.Truths, steps: int, start: Path | None) -> Network:
    """The averaged network after `steps` steps on photos that are the same for every variant."""
    torch.manual_seed(SEED)
    trainer = Trainer(config, torch.device("cuda"))
    if start:
        known = {k: v for k, v in load_file(start).items() if k.startswith(("preliminary.", "energy.", "place."))}
        for model in (trainer.network, trainer.average):
            model.load_state_dict(known, strict=False)
    for step in range(steps):
        torch.manual_seed(SEED + step)
        shot = shoot(data.panoramas(truths, PHOTOS, pool=2), panorama=True)
        trainer.learn(shot, None, panorama=True, rate=LEARNING_RATE * (0.5 * (1 + math.cos(math.pi * step / steps)) + 0.005))
    return trainer.average


@torch.inference_mode()
def cost(network: Network) -> dict[str, float]:
    """The full-size part at 2048 x 1024: milliseconds in bfloat16, MiB of kernels at two bytes a weight."""
    code = torch.rand(1, 3, 1024, 2048, device="cuda")
    halo = network.halo
    with torch.autocast("cuda", torch.bfloat16):
        view = look(code, panorama=True)
        guidance = network.guidance(view, network.overview(view))
        rows, columns = (torch.arange(-halo, side + halo, device="cuda") for side in code.shape[-2:])
        padded = pad(code, halo, panorama=True)
        times = []
        for _ in range(12):
            torch.cuda.synchronize()
            began = time.perf_counter()
            network.restore(padded, guidance, rows, columns, (1024, 2048))
            torch.cuda.synchronize()
            times.append(time.perf_counter() - began)
    weights = network.heads.groups * network.heads.taps + 3
    return {"ms": 1000 * sorted(times)[len(times) // 2], "mib": weights * 2 * code[0, 0].numel() / 2**20}


def table(folder: Path) -> str:
    """Markdown of what `folder` holds, a row for each variant; of each condition the FIGURES."""
    found = [json.loads(path.read_text()) for path in folder.glob("ablation-*.json")]
    if not found:
        raise FileNotFoundError(f"no result of a variant in {folder}: run without --table first")
    found.sort(key=lambda row: list(VARIANTS).index(row["name"]))
    columns = ["", "M weights", "ms", "MiB", *found[0]["held"]]
    lines = ["| " + " | ".join(columns) + " |", "| --- " * len(columns) + "|"]
    for row in found:
        held = [" / ".join(f"{values[f]:.2f}" for f in FIGURES) for values in row["held"].values()]
        cost = (f"{row['parameters'] / 1e6:.2f}", f"{row['cost']['ms']:.1f}", f"{row['cost']['mib']:.0f}")
        lines.append("| " + " | ".join([row["name"], *cost, *held]) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--start", type=Path)
    parser.add_argument("--table", action="store_true", help="print what earlier runs found")
    options = parser.parse_args()
    if options.table:
        print(table(options.out))
        return 0
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    learn, held = data.load(options.data, torch.device("cuda"))
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        began = time.monotonic()
        network = train(VARIANTS[name], learn, options.steps, options.start)
        row = {
            "name": name,
            "config": asdict(VARIANTS[name]),
            "steps": options.steps,
            "seconds": round(time.monotonic() - began, 1),
            "parameters": sum(p.numel() for p in network.parameters()),
            "cost": cost(network),
            "held": measure(network, held.panoramas, camera_known=True),
        }
        (options.out / f"ablation-{list(VARIANTS).index(name)}.json").write_text(json.dumps(row, indent=1))
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
