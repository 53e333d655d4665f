"""`blender --online-mode --command ldr_to_hdri_runtime install`: the runtime, without a window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import cast

import bpy

from ..hdr_core.errors import HdrError
from ..hdr_core.runtime_install import installed_runtime
from ..hdr_core.runtime_wheels import Variant
from .runtime_folder import runtime_folder
from .runtime_install import finish, remove, start

NAME = "ldr_to_hdri_runtime"

_registered: object | None = None


def register() -> None:
    global _registered  # noqa: PLW0603
    _registered = bpy.utils.register_cli_command(NAME, run)


def unregister() -> None:
    global _registered  # noqa: PLW0603
    if _registered is not None:
        bpy.utils.unregister_cli_command(_registered)
        _registered = None


def run(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code: 0 done, 1 it could not be, 2 it makes no sense, 130 stopped by Ctrl-C."""
    parser = argparse.ArgumentParser(prog=f"blender --command {NAME}", description="Install or remove what the network needs.")
    parser.add_argument("action", choices=("install", "remove", "status"))
    parser.add_argument("--variant", choices=("auto", "cpu", "cuda"), default="auto", help="default: %(default)s")
    try:
        options = parser.parse_args(arguments)
        print(_act(options.action, options.variant))
    except HdrError as error:
        print(f"ldr-to-hdri: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except SystemExit as end:  # --help, or arguments that make no sense
        return int(end.code or 0)
    return 0


def _act(action: str, variant: str) -> str:
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
