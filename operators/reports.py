"""What operators say once they are done, in the language of the interface. Errors are in English, to be searched for."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.app.translations import pgettext_rpt as report_

from ..hdr_core.library.snapshot import Snapshot
from ..hdr_core.restored import RestoredLight
from ..hdr_core.settings import Conversion
from ..hdr_core.sun import Sun


def restored_light(light: RestoredLight) -> str:
    """A sentence: how much of the light was restored."""
    if light.high == 0:
        return report_("No light had to be restored.")
    interval = {"low": f"{100 * light.low:.0f}", "high": f"{light.high:.0%}"}
    if light.share < 0.005:
        return report_("Less than 1% of the light was restored ({low} to {high}).").format(**interval)
    return report_("{share} of the light was restored ({low} to {high}).").format(share=f"{light.share:.0%}", **interval)


def conversion(made: Conversion, image: bpy.types.Image, world: bpy.types.World | None) -> str:
    """What a conversion made, where it is, and what it lights."""
    where = report_("this .blend") if image.packed_file else str(made.output)
    said = report_(
        "{width} x {height} HDRI written to {where} in {seconds} s on {device}; its peak is {peak} times the photo's white."
    )
    parts = [
        said.format(
            width=made.width,
            height=made.height,
            where=where,
            seconds=f"{made.seconds:.1f}",
            device=made.device,
            peak=made.peak_in_words,
        )
    ]
    if world is not None:
        parts.append(report_('It lights the world "{world}".').format(world=world.name))
    return " ".join([*parts, restored_light(made.restored)])


def reconversion(made: Conversion) -> str:
    """What a node's photo became."""
    said = report_("{width} x {height} HDRI in {seconds} s.").format(
        width=made.width, height=made.height, seconds=f"{made.seconds:.1f}"
    )
    return f"{said} {restored_light(made.restored)}"


def preview(image: bpy.types.Image, seconds: float) -> str:
    """Where a preview is."""
    said = report_('Image "{image}" shows the preview, made in {seconds} s. In the Image Editor, see its sidebar')
    return said.format(image=image.name, seconds=f"{seconds:.1f}")


def sun(split: Sun) -> str:
    """That a sun is a lamp."""
    if split.azimuth > 0:
        said = report_(
            "The sun is a lamp now: {elevation}° high, {azimuth}° left of the middle, {diameter}° wide, {share} of the light"
        )
    else:
        said = report_(
            "The sun is a lamp now: {elevation}° high, {azimuth}° right of the middle, {diameter}° wide, {share} of the light"
        )
    size = {"diameter": f"{split.diameter:.1f}", "share": f"{split.share:.0%}"}
    return said.format(elevation=f"{split.elevation:.0f}", azimuth=f"{abs(split.azimuth):.0f}", **size)


def lit(image: bpy.types.Image, world: bpy.types.World) -> str:
    """That an image lights a world."""
    return report_('"{image}" lights the world "{world}"').format(image=image.name, world=world.name)


def library(now: Snapshot, report: Path) -> str:
    """What became of a folder."""
    if now.skipped:
        said = report_("{done} photos converted, {skipped} were done before, {failed} failed. The report is {report}")
    else:
        said = report_("{done} photos converted, {failed} failed. The report is {report}")
    return said.format(done=now.done, skipped=now.skipped, failed=now.failed, report=report)


def runtime(device: str, version: str) -> str:
    """Where the network runs."""
    return report_("The network runs on {device}, with torch {version}").format(device=device, version=version)


def installed(folder: Path) -> str:
    """That the runtime is there."""
    return report_("The runtime is installed, and was seen to work: {folder}").format(folder=folder)


def removed(freed: int) -> str:
    """That the runtime is gone; freed: bytes."""
    return report_("The runtime is removed; {megabytes} MB are free again").format(megabytes=f"{freed / 1e6:,.0f}")
