"""Make the sphere's trained weights the ones that ship: `python -m training.ship_sphere best.pt --version V`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from hdr_core.network.sphere_net import SphereNet
from hdr_core.network.weights import SPHERE_RECORD, SPHERE_WEIGHTS, load_sphere_network
from training.ship import write
from training.sphere_settings import SphereSettings


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("state", type=Path, help="of training.sphere: best.pt or sphere_net.pt")
    parser.add_argument("--version", required=True)
    options = parser.parse_args()
    form = {"width": SphereSettings.width}
    state = torch.load(options.state, map_location="cpu", weights_only=True)
    SphereNet(**form).load_state_dict(state)  # it must fit the form that ships
    write(state, SPHERE_WEIGHTS, SPHERE_RECORD, options.version, form)
    print(f"{SPHERE_WEIGHTS.name}: {SPHERE_WEIGHTS.stat().st_size:,} bytes, version {load_sphere_network()[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
