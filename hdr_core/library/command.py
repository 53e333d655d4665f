"""The command `batch`, the same on the command line and in `blender --command`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import get_args

from ..errors import HdrError
from ..settings import Compression, ConvertSettings, Device, InputCurve, Projection, Scale
from . import call_blender
from .asset_facts import AssetFacts
from .batch import Batch
from .changes import Changes
from .journal import read_history
from .places import RECORDS_SUFFIX, Places
from .plan import make_plan
from .pool import MakeWorker
from .screen import JsonLines, Screen, make_screen
from .settings import PIXELS, Format, LibrarySettings, Others, Rule, Size
from .store import is_url

WriteAssets = Callable[[Path, AssetFacts], list[Path]]

_PATIENCE = 0.02  # seconds between polls
_SPLIT = ","


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the arguments of the command."""
    parser.add_argument("source", metavar="SOURCE_FOLDER", help="or a URL that fsspec knows, such as s3://BUCKET/FOLDER")
    parser.add_argument("target", metavar="TARGET_FOLDER", help="gets NAME.exr for each photo, in the same folders; or a URL")

    which = parser.add_argument_group("which photos")
    which.add_argument(
        "--include", action="append", default=[], metavar="PATTERN", help='only these, such as "*.jpg" or "hdri/**"'
    )
    which.add_argument(
        "--exclude", action="append", default=[], metavar="PATTERN", help="not these; both may be given repeatedly"
    )
    which.add_argument("--no-recursive", action="store_true", help="leave folders in SOURCE_FOLDER alone")
    which.add_argument(
        "--projection",
        choices=get_args(Projection),
        default="auto",
        help="what they are taken for; auto: 2:1 pictures are panoramas, others flat, or tileable where their edges join",
    )
    which.add_argument(
        "--rule",
        action="append",
        default=[],
        metavar="PATTERN=PROJECTION",
        help="what these are taken for; the first that fits",
    )
    edges = which.add_mutually_exclusive_group()
    edges.add_argument("--tileable", dest="others", action="store_const", const="tileable", help="the edges of flat ones join")
    edges.add_argument("--not-tileable", dest="others", action="store_const", const="flat", help="they do not")
    edges.add_argument(
        "--spheres", dest="others", action="store_const", const="sphere", help="no picture stays flat: all become whole spheres"
    )

    what = parser.add_argument_group("what to make")
    what.add_argument("--sizes", default="original", help=f"a list of {_SPLIT.join(get_args(Size))} (default: %(default)s)")
    what.add_argument("--formats", default="exr", help=f"a list of {_SPLIT.join(get_args(Format))} (default: %(default)s)")
    what.add_argument("--compression", choices=get_args(Compression), default="zip", help="of EXR (default: %(default)s)")
    what.add_argument("--input-curve", choices=get_args(InputCurve), default="auto", help="see convert (default: %(default)s)")
    what.add_argument("--scale", choices=get_args(Scale), default="white", help="see convert (default: %(default)s)")
    what.add_argument("--sheet", action="store_true", help="also NAME.sheet.png beside each result")
    what.add_argument("--contact-sheet", action="store_true", help="also a picture of all photos and results, in the records")

    assets = parser.add_argument_group("assets")
    assets.add_argument("--assets", action="store_true", help="also .blend files of worlds for Blender's Asset Browser")
    assets.add_argument("--blender", default="", metavar="PROGRAM", help="the Blender that writes them (default: blender)")
    add_asset_arguments(assets)

    how = parser.add_argument_group("how")
    how.add_argument("--device", choices=get_args(Device), default="auto", help="default: %(default)s")
    how.add_argument(
        "--workers",
        type=_count,
        metavar="N",
        help="how many (default: one for each GPU; without GPUs one, on a cluster one for every two cores)",
    )
    how.add_argument("--ray", metavar="ADDRESS", help="convert on a Ray cluster: HOST:PORT, ray://HOST:PORT, or auto")
    how.add_argument(
        "--records", type=Path, metavar="FOLDER", help=f"journal and report (default: TARGET_FOLDER{RECORDS_SUFFIX})"
    )
    how.add_argument("--force", action="store_true", help="convert also what is done and has not changed")
    how.add_argument("--trust-times", action="store_true", help="do not read photos whose size and time have not changed")
    how.add_argument("--verify", action="store_true", help="read results that are done, and make damaged ones again")
    how.add_argument("--overwrite", action="store_true", help="replace files that were not made by this software, too")
    how.add_argument("--dry-run", action="store_true", help="only say what would be done")

    said = parser.add_mutually_exclusive_group()
    said.add_argument("--quiet", action="store_true", help="say nothing but errors")
    said.add_argument("--json-lines", action="store_true", help="say it to programs: a JSON object on each line")


def add_asset_arguments(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Give `parser` what is said of assets."""
    parser.add_argument("--author", default="", help="of the assets")
    parser.add_argument("--license", default="", help="of the assets, such as CC0")
    parser.add_argument(
        "--packed", action="store_true", help="the pictures go into the .blend files (default: they lie beside)"
    )


def asset_facts(options: argparse.Namespace) -> AssetFacts:
    """What was said of assets."""
    return AssetFacts(options.author, options.license, options.packed)


def run(options: argparse.Namespace, make_worker: MakeWorker | None = None, write_assets: WriteAssets | None = None) -> int:
    """Run the command; returns the exit code: 0 all is done, 1 something could not be converted. make_worker: as in `Batch`.
    write_assets: writes the assets of a library, from its records; by default another process, a Blender, does.

    Raises HdrError, and KeyboardInterrupt once it has stopped cleanly.
    """
    settings = _settings(options)
    if options.dry_run:
        return _dry_run(options, settings)
    if options.assets and is_url(options.target):
        raise HdrError("Blender writes assets into folders only.", "Leave --assets out, or convert into a folder.")
    if options.assets and write_assets is None:
        write_assets = partial(call_blender.write_assets, call_blender.find_blender(options.blender))  # now: it may be missing
    screen = make_screen(quiet=options.quiet, json_lines=options.json_lines)
    batch = Batch(
        options.source,
        options.target,
        settings,
        records=options.records,
        workers=options.workers,
        ray=options.ray,
        make_worker=make_worker,
        force=options.force,
        trust_times=options.trust_times,
        verify=options.verify,
        overwrite=options.overwrite,
        contact_sheet=options.contact_sheet,
    )
    with batch:
        screen.begin(batch)
        try:
            _drive(batch, screen)
        except KeyboardInterrupt:
            batch.stop()
            screen.end(batch, "stopped")
            raise
        except HdrError:
            screen.clear()
            raise
    if options.assets and write_assets is not None:
        screen.assets(write_assets(batch.places.records, asset_facts(options)))
    return screen.end(batch, "finished")


def _drive(batch: Batch, screen: Screen | JsonLines) -> None:
    ended = False
    while not ended:
        ended = batch.poll()
        for event in batch.news():
            screen.tell(event)
        if not ended:
            screen.progress(batch.snapshot())
            time.sleep(_PATIENCE)


def _dry_run(options: argparse.Namespace, settings: LibrarySettings) -> int:
    """Say of each photo what would be done. Writes nothing."""
    places = Places.of(options.source, options.target, options.records)
    plan = make_plan(places.source, places.apart, settings)
    history = read_history(places.records)
    changes = Changes(places.source, places.target, settings, history, options.force, options.trust_times, options.verify)
    screen = make_screen(quiet=options.quiet, json_lines=options.json_lines)
    for item in plan.items:
        reason = str(item.clash) if item.clash is not None else changes.reason(item)
        screen.planned(item, reason)
    for source, why in plan.left_out:
        screen.left_out(source, why)
    return 1 if any(item.clash is not None for item in plan.items) else 0


def _settings(options: argparse.Namespace) -> LibrarySettings:
    others: Others = options.others or "auto"
    return LibrarySettings(
        convert=ConvertSettings(
            options.projection, options.input_curve, options.compression, options.device, scale=options.scale
        ),
        others=others,
        rules=tuple(_rule(text) for text in options.rule),
        sizes=_listed(options.sizes, order=("original", *PIXELS)),
        formats=_listed(options.formats, order=get_args(Format)),
        sheet=options.sheet,
        include=tuple(options.include),
        exclude=tuple(options.exclude),
        recursive=not options.no_recursive,
        previews=options.assets,
    )


def _listed(text: str, order: tuple[str, ...]) -> tuple:
    """The words of a list, in one order however they were given, so that the same wish is the same settings."""
    words = [word.strip().lower() for word in text.split(_SPLIT) if word.strip()]
    return tuple(sorted(words, key=lambda word: order.index(word) if word in order else len(order)))


def _rule(text: str) -> Rule:
    pattern, _, projection = text.rpartition("=")
    if not pattern:
        raise HdrError(
            f'The rule "{text}" has no projection.', 'Write it as PATTERN=PROJECTION, such as "textures/**=tileable".'
        )
    return Rule(pattern, projection)  # type: ignore[arg-type]


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 256:
        raise argparse.ArgumentTypeError(f"{count} is not from 1 to 256")
    return count
