"""What a conversion did, in words: the same in the operator's report, the panel and the command line. No numpy, no bpy."""

from __future__ import annotations

from .settings import Conversion

_CURVES = {
    "srgb": "The photo's curve was taken for sRGB.",
    "camera": "The photo's curve was taken for a camera's.",
    "linear": "The picture was HDR already: its light was taken as it is.",
}
_SHORT = {"srgb": "sRGB curve", "camera": "camera curve", "linear": "HDR already"}


def lines(done: Conversion) -> tuple[str, ...]:
    """Sentences, each for itself: dynamic range and peak, restored light, the sun, the input curve."""
    range_ = f"Dynamic range: {done.range_before:.1f} stops before, {done.range_after:.1f} after"
    range_ += f"; peak {done.peak_in_words} times white."
    return (range_, done.restored.in_words(), *_sun(done), curve_in_words(done), *_view(done))


def curve_in_words(done: Conversion) -> str:
    """What the photo's curve was taken for."""
    return _CURVES[done.input_curve]


def in_a_line(done: Conversion, more: str = "") -> str:
    """For a terminal. more: said after the output's name."""
    seen = "" if done.view.kind == done.projection and done.view.covered >= 1 else f" {done.view.in_words()}"
    white = f" White is {done.white_is}." if done.white_is else ""
    return (
        f"{done.output}{more}: {done.width} x {done.height} {done.projection}, {_SHORT[done.input_curve]}, {done.pixel_type}, "
        f"peak {done.peak:.4g}, {done.seconds:.1f} s on {done.device}. {done.restored.in_words()}{seen}{white}"
    )


def in_words(done: Conversion) -> str:
    """`lines` as one text."""
    return " ".join(lines(done))


def _view(done: Conversion) -> tuple[str, ...]:
    return () if done.projection == "flat" else (done.view.in_words(),)


def _sun(done: Conversion) -> tuple[str, ...]:
    if done.projection != "equirectangular":
        return ()
    return (done.sun.in_words() if done.sun is not None else "No sun was found.",)
