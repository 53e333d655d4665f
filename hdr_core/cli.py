"""The command line: `ldr-to-hdri convert`, `ldr-to-hdri batch` and `ldr-to-hdri sheet`.

Exit codes: 0 all is done, 1 something could not be converted (one line on standard error says what, and what to do),
2 the command makes no sense, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, get_args

from .convert import convert
from .decode_limit import giving_up
from .errors import HdrError
from .library import command
from .runtime import require
from .settings import Compression, ConvertSettings, Device, InputCurve, Projection, Scale
from .summary import in_a_line
from .version import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        with giving_up(_leave):
            return options.run(options)
    except HdrError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ldr-to-hdri", description="Turn LDR photos into HDR environment maps (EXR).")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("convert", help="convert one photo")
    one.add_argument("source", type=Path, metavar="PHOTO")
    one.add_argument("-o", "--output", type=Path, metavar="OUT.exr", help="default: PHOTO's name with _hdri.exr, beside it")
    one.add_argument("--sheet", type=Path, metavar="SHEET.png", help="also make a picture that shows photo and result")
    one.set_defaults(run=_convert)

    many = commands.add_parser(
        "batch",
        help="convert every photo of a folder, and of the folders in it",
        description="Stopped at any moment and started again, it goes on from there, and repeats nothing.",
    )
    command.add_arguments(many)
    many.set_defaults(run=command.run)

    seen = commands.add_parser("sheet", help="make the sheet of a conversion that was done: a picture of photo and result")
    seen.add_argument("source", type=Path, metavar="PHOTO")
    seen.add_argument("result", type=Path, metavar="RESULT.exr")
    seen.add_argument("sheet", type=Path, metavar="SHEET.png")
    seen.set_defaults(run=_sheet)

    _add_view(one)
    one.add_argument(
        "--input-curve",
        choices=get_args(InputCurve),
        default="auto",
        help="srgb: plain sRGB, undone exactly; camera: a camera's own, estimated (default: %(default)s, find out)",
    )
    one.add_argument("--compression", choices=get_args(Compression), default="zip", help="default: %(default)s")
    one.add_argument("--device", choices=get_args(Device), default="auto", help="default: %(default)s")
    for parts in (one, seen):
        parts.add_argument("--overwrite", action="store_true", help="replace files that were not made by this software, too")
        parts.add_argument("--quiet", action="store_true", help="say nothing but errors")
    return parser


def _add_view(one: argparse.ArgumentParser) -> None:
    """What the photo shows, and how it goes into the sphere."""
    one.add_argument(
        "--projection",
        choices=get_args(Projection),
        default="auto",
        help="what the photo is. auto: find out, and complete the sphere around it; flat: a picture, no sphere; tileable: a "
        "picture whose edges join; by_shape: 2:1 is a panorama, others flat (default: %(default)s)",
    )
    one.add_argument("--fov", type=float, default=0.0, help="horizontal field of view in degrees (default: as EXIF tells)")
    for name, what in (("pitch", "up"), ("roll", "clockwise"), ("yaw", "to the left")):
        one.add_argument(f"--{name}", type=float, default=0.0, help=f"degrees to turn the photo {what}")
    one.add_argument(
        "--scale",
        choices=get_args(Scale),
        default="white",
        help="what 1.0 is: the photo's white; its middle at 0.18 (grey); cd/m2 (absolute) or W/(m2 sr) (watts), from EXIF "
        "(default: %(default)s)",
    )


def _terminate(_signal: int, _frame: object) -> NoReturn:
    """Leave as an exception does, so that the temporary file goes too."""
    raise SystemExit(128 + signal.SIGTERM)


def _leave(error: HdrError) -> NoReturn:
    """A file hangs its decoder: nothing else stops it. Files are decoded before any is written, so nothing stays behind."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    code = _fail(str(error))
    sys.stderr.flush()
    os._exit(code)


def _fail(message: str) -> int:
    print(f"ldr-to-hdri: {message}", file=sys.stderr)
    return 1


def _convert(options: argparse.Namespace) -> int:
    output = options.output or options.source.parent / f"{options.source.stem}_hdri.exr"
    _convert_one(options.source, output, options.sheet, _settings(options), options)
    return 0


def _sheet(options: argparse.Namespace) -> int:
    require("numpy")
    from .sheet import write_sheet

    made = write_sheet(options.source, options.result, options.sheet, overwrite=options.overwrite)
    if not options.quiet:
        print(made)
    return 0


def _settings(options: argparse.Namespace) -> ConvertSettings:
    return ConvertSettings(
        options.projection,
        options.input_curve,
        options.compression,
        options.device,
        options.fov,
        options.pitch,
        options.roll,
        options.yaw,
        options.scale,
    )


def _convert_one(
    source: Path, output: Path, sheet: Path | None, settings: ConvertSettings, options: argparse.Namespace
) -> None:
    if sheet is not None:
        require("numpy")
        from .sheet.files import check_sheet_path, write_sheet

        check_sheet_path(sheet, source, output, overwrite=options.overwrite)  # now, because converting may take minutes
    progress = None if options.quiet else _ProgressLine(source.name)
    try:
        done = convert(source, output, settings, overwrite=options.overwrite, progress=progress)
    finally:
        if progress is not None:
            progress.clear()
    if sheet is not None:
        write_sheet(source, output, sheet, overwrite=options.overwrite)
    if not options.quiet:
        print(in_a_line(done), flush=True)


class _ProgressLine:
    """One line on a terminal, updated in place; nothing where nobody watches."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = ""

    def __call__(self, fraction: float, stage: str) -> None:
        line = f"{self._name}: {stage} {fraction:.0%}"
        if sys.stderr.isatty() and line != self._shown:
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
            self._shown = line

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
