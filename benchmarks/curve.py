"""How far the estimated response curve is off, where a photo is well exposed: `python -m benchmarks.curve FOLDER`.

FOLDER holds linear panoramas (.exr, 1024 x 512). Each is photographed twice, under a sigmoid of measured cameras
(`training.measure`, camera5 and rough10). A row gives the mean absolute error of log radiance (natural), after the gain that
fits best, as in every comparison of HDR images: of the network's curve, of the mean sigmoid that it bends, and of plain sRGB.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor

from hdr_core.network.curve import srgb_decode
from hdr_core.network.preliminary import Curve, Preliminary, preliminary
from hdr_core.network.view import look
from hdr_core.network.weights import load_network
from training import data
from training.measure import CONDITIONS, SEED, photograph

FLOOR = 0.004  # about one code value of linear light


def errors(curve: Curve, code: Tensor, truth: Tensor) -> Tensor:
    """(N,): mean absolute error of log radiance of well-exposed pixels, after the best gain. code, truth (N, 3, H, W)."""
    apart = (preliminary(code, srgb_decode(code), curve) + FLOOR).log() - (truth + FLOOR).log()
    usable = ((code.amax(1) < 217 / 255) & (code.amin(1) > 12 / 255))[:, None].expand_as(apart)
    some = [a[u] for a, u in zip(apart, usable, strict=True)]
    return torch.stack([(a - a.median()).abs().mean() for a in some])


@torch.inference_mode()
def measure(panoramas: Tensor) -> dict[str, dict[str, float]]:
    """Means of `errors` over panoramas (N, 3, H, W), for each condition that has a camera's curve, of each curve."""
    network, _ = load_network()
    curves = {"network": network.preliminary, "mean sigmoid": Preliminary().eval()}  # untrained, it is the mean
    rows: dict[str, dict[str, list[Tensor]]] = {}
    torch.manual_seed(SEED)
    for condition in (c for c in CONDITIONS if c.camera):
        for some in panoramas.split(4):
            code, truth = photograph(some.float(), condition, panorama=True)
            view = look(code, panorama=True)
            found = {name: curve(view) for name, curve in curves.items()}
            found["sRGB"] = Curve(found["network"].camera, torch.zeros_like(found["network"].offset))
            for name, curve in found.items():
                rows.setdefault(condition.name, {}).setdefault(name, []).append(errors(curve, code, truth))
    return {condition: {name: float(torch.cat(v).mean()) for name, v in row.items()} for condition, row in rows.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("truth", type=Path, help="a folder of linear .exr panoramas")
    options = parser.parse_args()
    truths, _ = data.load([options.truth], torch.device("cpu"), everything=True)
    for condition, row in measure(truths.panoramas).items():
        print(f"{condition}: " + ", ".join(f"{name} {value:.3f}" for name, value in row.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
