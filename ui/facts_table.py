"""What a conversion did, as a table: names on the left, values on the right, each in as many lines as it needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bpy.app.translations import pgettext_iface as iface_

from ..hdr_core.settings import Conversion
from .wrapped import draw_wrapped, share_of

_NAMES = (0.44, 0.6)  # the share of the width that the names take, as most panels have it, and at most


def draw_facts(layout: Any, done: Conversion) -> None:
    """All that `rows` gives."""
    draw_table(layout, rows(done))


def draw_table(layout: Any, lines: Iterable[tuple[str, str]], names: float = _NAMES[0]) -> None:
    """Pairs of name and value, as a panel's properties stand; the names take that share of the width, more where they must."""
    lines = list(lines)
    names = min(max(names, share_of(name for name, _ in lines)), _NAMES[1])
    table = layout.column()
    for name, value in lines:
        split = table.split(factor=names)
        left = split.column(align=True)
        left.alignment = "RIGHT"
        left.active = False
        left.label(text=name, translate=False)
        draw_wrapped(split.column(align=True), value, share=1 - names)


def rows(done: Conversion, *, view: bool = True) -> Iterator[tuple[str, str]]:
    """Name and value, translated. `view`: also what the photo was taken for, which is in English, as in the file's header."""
    yield iface_("Dynamic Range"), iface_("{} → {} stops").format(f"{done.range_before:.1f}", f"{done.range_after:.1f}")
    yield iface_("Peak"), iface_("{} × white").format(done.peak_in_words)
    yield iface_("Restored Light"), _restored(done)
    if done.projection == "equirectangular":
        yield from _sun(done)
    curves = {"srgb": "sRGB", "camera": iface_("camera"), "linear": iface_("none: it was HDR already")}
    yield iface_("Input Curve"), curves[done.input_curve]
    if done.white_is:
        yield iface_("White"), done.white_is
    if view and done.projection != "flat":
        what, *more = done.view.in_words().rstrip(".").removeprefix("Taken as a ").split("; ")
        yield iface_("Taken for"), ", ".join([what, *more])


def _restored(done: Conversion) -> str:
    restored = done.restored
    if restored.high == 0:
        return iface_("none: nothing clipped")
    share = iface_("below 1%") if restored.share < 0.005 else f"{restored.share:.0%}"
    return iface_("{} ({} to {})").format(share, f"{100 * restored.low:.0f}", f"{restored.high:.0%}")


def _sun(done: Conversion) -> Iterator[tuple[str, str]]:
    sun = done.sun
    if sun is None:
        yield iface_("Sun"), iface_("none found")
        return
    where = iface_("{}° high, {}° left") if sun.azimuth > 0 else iface_("{}° high, {}° right")
    yield iface_("Sun"), where.format(f"{sun.elevation:.0f}", f"{abs(sun.azimuth):.0f}")
    yield iface_("Sun Size"), f"{sun.diameter:.1f}°"
    yield iface_("Sun Light"), iface_("{} of all").format(f"{sun.share:.0%}")
