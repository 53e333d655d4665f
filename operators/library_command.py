"""`blender --command ldr_to_hdri batch SOURCE TARGET`: the command line's batch, in Blender."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Sequence
from pathlib import Path

from ..hdr_core.library import command
from .assets import write_asset_libraries
from .console import exit_code
from .worker_session import new_worker

NAME = "ldr_to_hdri"


def run(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code, as `hdr_core.cli.main` does."""
    parser = argparse.ArgumentParser(prog=f"blender --command {NAME}", description="Turn LDR photos into HDR environment maps.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    many = commands.add_parser("batch", help="convert every photo of a folder, and of the folders in it")
    command.add_arguments(many)
    many.set_defaults(run=lambda options: command.run(options, new_worker, write_asset_libraries))
    kept = commands.add_parser("assets", help="write .blend files of worlds for the Asset Browser from what a batch made")
    kept.add_argument("records", type=Path, metavar="RECORDS_FOLDER", help="TARGET_FOLDER.batch")
    kept.set_defaults(run=_assets)
    command.add_asset_arguments(kept)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # Blender would go on
    try:
        return exit_code(lambda: _act(parser.parse_args(arguments)))
    finally:
        signal.signal(signal.SIGINT, before)


def _act(options: argparse.Namespace) -> int:
    return options.run(options)


def _assets(options: argparse.Namespace) -> int:
    for path in write_asset_libraries(options.records, command.asset_facts(options)):
        print(path)
    return 0
