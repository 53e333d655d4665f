"""What a conversion did, as a table: names on the left, values on the right, each in as many lines as it needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bpy.app.translations import pgettext_iface as iface_

from ..hdr_core.settings import Conversion
from .wrapped import draw_wrapped

_NAMES = 0.44  # the share of the width that the names take


def draw_facts(layout: Any, done: Conversion) -> None:
    """All that `rows` gives."""
    draw_table(layout, rows(done))


def draw_table(layout: Any, lines: Iterable[tuple[str, str]], names: float = _NAMES) -> None:
    """Pairs of name and value, as a panel's properties stand; the names take that share of the width."""
    table = layout.column()
    for name, value in lines:
        split = table.split(factor=names)
        left = split.column(align=True)
        left.alignment = "RIGHT"
        left.active = False
        left.label(text=name, translate=False)
        draw_wrapped(split.column(align=True), value, share=1 - names)


def rows(done: Conversion, *, view: bool = True) -> Iterator[tuple[str, str]]:
    """Name, translated, and value, in English as all that the conversion reports. `view`: also what the photo was taken for."""
    peak = f"{done.peak:,.0f}" if done.peak >= 100 else f"{done.peak:.3g}"
    yield iface_("Dynamic Range"), f"{done.range_before:.1f} → {done.range_after:.1f} stops"
    yield iface_("Peak"), f"{peak} × white"
    yield iface_("Restored Light"), _restored(done)
    if done.projection == "equirectangular":
        yield from _sun(done)
    yield iface_("Input Curve"), {"srgb": "sRGB", "camera": "camera", "linear": "none: it was HDR already"}[done.input_curve]
    if view and done.projection != "flat":
        what, *more = done.view.in_words().rstrip(".").removeprefix("Taken as a ").split("; ")
        yield iface_("Taken for"), ", ".join([what, *more])


def _restored(done: Conversion) -> str:
    restored = done.restored
    if restored.high == 0:
        return "none: nothing clipped"
    share = "below 1%" if restored.share < 0.005 else f"{restored.share:.0%}"
    return f"{share} ({100 * restored.low:.0f} to {restored.high:.0%})"


def _sun(done: Conversion) -> Iterator[tuple[str, str]]:
    sun = done.sun
    if sun is None:
        yield iface_("Sun"), "none found"
        return
    side = "left" if sun.azimuth > 0 else "right"
    yield iface_("Sun"), f"{sun.elevation:.0f}° high, {abs(sun.azimuth):.0f}° {side}"
    yield iface_("Sun Size"), f"{sun.diameter:.1f}°"
    yield iface_("Sun Light"), f"{sun.share:.0%} of all"
