"""`blender --online-mode --command ldr_to_hdri_runtime install`: the runtime, without a window."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import cast

from ..hdr_core.runtime_install import installed_runtime
from ..hdr_core.runtime_wheels import Variant
from .console import exit_code
from .runtime_folder import runtime_folder
from .runtime_install import finish, remove, start

NAME = "ldr_to_hdri_runtime"


def run(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code: 0 done, 1 it could not be, 2 it makes no sense, 130 stopped by Ctrl-C."""
    parser = argparse.ArgumentParser(prog=f"blender --command {NAME}", description="Install or remove what the network needs.")
    parser.add_argument("action", choices=("install", "remove", "status"))
    parser.add_argument("--variant", choices=("auto", "cpu", "cuda"), default="auto", help="default: %(default)s")

    def act() -> int:
        options = parser.parse_args(arguments)
        print(_done(options.action, options.variant))
        return 0

    return exit_code(act)


def _done(action: str, variant: str) -> str:
    if action == "remove":
        return f"Removed; {remove() / 1e6:,.0f} MB are free again."
    if action == "status":
        return str(installed_runtime(runtime_folder()) or "No runtime is installed.")
    told = ""

    def tell(fraction: float, stage: str) -> None:
        nonlocal told
        if stage != told:
            told = stage
            print(f"{fraction:4.0%} {stage}", flush=True)

    return f"Installed: {finish(start(cast(Variant, variant)), tell)}"
