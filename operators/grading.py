"""The grading that a group "LDR to HDRI" does, as nodes: the same arithmetic in the world and in the compositor.

In this order: sun gain, white balance with exposure, saturation, highlight clamp, strength. Each is exact where it is neutral:
it then multiplies by 1 or adds 0, so that the picture passes unchanged to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping

from .node_writer import NodeWriter, Socket

_LUMINANCE = (0.2126, 0.7152, 0.0722)  # Rec.709
_NEUTRAL_KELVIN = 6500.0
# A black body's colour against that of 6500 K at the same luminance, in stops of red, green and blue: the polynomial without
# constant term in 6500/T - 1 that fits the Planckian locus in Rec.709 from 2000 to 20000 K, to 4% of white
_PLANCKIAN_STOPS = ((0.7145, -0.0396, -0.0129), (-0.0759, -0.0945, 0.0083), (-1.3378, -0.1524, -0.1079))
_MAGENTA_STOPS = (0.6, -0.3, 0.6)  # at a tint of 1; the luminance of grey stays within 5%
_OFF = 1e-6  # a highlight clamp below it is off


def grade(write: NodeWriter, colour: Socket, controls: Mapping[str, Socket], strength: Socket | None = None) -> Socket:
    """`colour` graded by `controls`, the group's inputs by name; last of all multiplied by `strength`, where given."""
    *rgb, alpha = (*write.separate(colour), None)[:4]
    rgb = _sun_gain(write, rgb, controls["Sun Gain"], controls["Sun Threshold"])
    rgb = _expose(write, rgb, controls["EV"], controls["Temperature"], controls["Tint"])
    rgb = _saturate(write, rgb, controls["Saturation"])
    gain = _clamp_gain(write, rgb, controls["Highlight Clamp"])
    if strength is not None:
        gain = write.math("MULTIPLY", gain, strength)
    rgb = [write.math("MULTIPLY", channel, gain) for channel in rgb]
    return write.combine(rgb if alpha is None else [*rgb, alpha])


def _sun_gain(write: NodeWriter, rgb: list[Socket], gain: Socket, threshold: Socket) -> list[Socket]:
    """Multiplies by `gain` the part of a colour's largest channel that exceeds `threshold`, and keeps its hue."""
    below = write.math("DIVIDE", threshold, _largest(write, rgb))
    excess = write.math("MAXIMUM", write.math("SUBTRACT", 1.0, below), 0.0)  # as a share of the colour
    factor = write.math("MULTIPLY_ADD", excess, write.math("SUBTRACT", gain, 1.0), 1.0)
    return [write.math("MULTIPLY", channel, factor) for channel in rgb]


def _expose(write: NodeWriter, rgb: list[Socket], ev: Socket, kelvin: Socket, tint: Socket) -> list[Socket]:
    """Exposure and white balance in one: every channel times two to the power of its stops."""
    redder = write.math("DIVIDE", write.math("SUBTRACT", _NEUTRAL_KELVIN, kelvin), kelvin)
    balanced = []
    for channel, (linear, square, cube), magenta in zip(rgb, _PLANCKIAN_STOPS, _MAGENTA_STOPS, strict=True):
        slope = write.math("MULTIPLY_ADD", redder, write.math("MULTIPLY_ADD", redder, cube, square), linear)
        stops = write.math("MULTIPLY_ADD", redder, slope, write.math("MULTIPLY_ADD", tint, magenta, ev))
        balanced.append(write.math("MULTIPLY", channel, write.math("POWER", 2.0, stops)))
    return balanced


def _saturate(write: NodeWriter, rgb: list[Socket], saturation: Socket) -> list[Socket]:
    """Away from grey or towards it, at the same luminance; never below black."""
    luminance: Socket | float = 0.0
    for channel, weight in zip(rgb, _LUMINANCE, strict=True):
        luminance = write.math("MULTIPLY_ADD", channel, weight, luminance)
    grey = write.math("MULTIPLY", luminance, write.math("SUBTRACT", 1.0, saturation))
    return [write.math("MAXIMUM", write.math("MULTIPLY_ADD", channel, saturation, grey), 0.0) for channel in rgb]


def _clamp_gain(write: NodeWriter, rgb: list[Socket], maximum: Socket) -> Socket:
    """The factor that brings a colour's largest channel to `maximum` where it exceeds it, so that its hue stays; 0 is off."""
    off = write.math("LESS_THAN", maximum, _OFF)
    allowed = write.math("DIVIDE", maximum, _largest(write, rgb))
    return write.math("MINIMUM", write.math("ADD", allowed, off), 1.0)


def _largest(write: NodeWriter, rgb: list[Socket]) -> Socket:
    red, green, blue = rgb
    return write.math("MAXIMUM", write.math("MAXIMUM", red, green), blue)
