"""What the commands of `blender --command` share: how they are registered, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

import bpy

from ..hdr_core.errors import HdrError

_registered: list[object] = []


def register(commands: Mapping[str, Callable[[Sequence[str]], int]]) -> None:
    """Offer `commands` by their names; each gets its arguments and returns the exit code."""
    _registered.extend(bpy.utils.register_cli_command(name, run) for name, run in commands.items())


def unregister() -> None:
    while _registered:
        bpy.utils.unregister_cli_command(_registered.pop())


def exit_code(act: Callable[[], int]) -> int:
    """What `act` returns, or what its end means: 1 it could not be done, 2 it makes no sense, 130 stopped by Ctrl-C."""
    try:
        return act()
    except HdrError as error:
        print(f"ldr-to-hdri: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except SystemExit as end:  # --help, or arguments that make no sense
        return int(end.code or 0)
