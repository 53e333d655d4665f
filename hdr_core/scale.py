"""What 1.0 in the result is: the photo's white, what makes its middle grey, or a unit of light.

Absolute: a camera of speed S, whose picture is sRGB, gives a grey of 18% to an exposure of 10/S lux seconds (ISO 12232,
standard output sensitivity, which EXIF tells). A lens of f-number N lets 0.65 L / N2 lux onto the sensor from a surface of
L cd/m2. So the picture's white is 10 / (0.18 * 0.65) = 85.5 N2 / (t S) cd/m2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import PhotoError
from .settings import Scale
from .sun import LUMINANCE

if TYPE_CHECKING:
    import numpy as np

    from .camera_tags import CameraTags

_GREY = 0.18
_WHITE = 10 / (0.18 * 0.65)
_LUMENS_PER_WATT = 683.0
_SAMPLES = 2**20


def check_scale(scale: Scale, tags: CameraTags) -> None:
    """Raises PhotoError where the photo does not say what `scale` needs."""
    if scale in {"absolute", "watts"} and tags.exposure is None:
        raise PhotoError(
            "The photo does not tell its exposure time, f-number and ISO, so its light has no absolute scale.",
            'Choose scale="white" or scale="grey", or give the file as the camera wrote it.',
        )


def in_words(scale: Scale, white: float, tags: CameraTags) -> str:
    """What the photo's white is on this scale, and what that was told from; "" where it is 1.0."""
    if scale == "white":
        return ""
    if scale == "grey":
        return f"{white:.3g}, so that the photo's middle is 0.18"
    assert tags.exposure is not None  # `white_in` needed it
    seconds, number, speed = tags.exposure
    time = f"1/{1 / seconds:.0f} s" if seconds < 0.4 else f"{seconds:.3g} s"
    unit = "cd/m²" if scale == "absolute" else "W/(m² sr)"
    amount = f"{white:,.0f}" if white >= 100 else f"{white:.3g}"
    return f"{amount} {unit}, by {time}, f/{number:.3g}, ISO {speed:.0f}, for a camera that exposes by ISO 12232"


def white_in(scale: Scale, tags: CameraTags, light: np.ndarray) -> float:
    """What the photo's white is on this scale. light: (H, W, 3) radiance, the photo's white = 1."""
    if scale == "white":
        return 1.0
    if scale == "grey":
        import numpy as np

        step = max(1, int((light.shape[0] * light.shape[1] / _SAMPLES) ** 0.5))
        middle = float(np.median(light[::step, ::step] @ np.array(LUMINANCE, np.float32)))
        return _GREY / middle if middle > 0 else 1.0
    check_scale(scale, tags)
    assert tags.exposure is not None
    seconds, number, speed = tags.exposure
    luminance = _WHITE * number**2 / (seconds * speed)
    return luminance if scale == "absolute" else luminance / _LUMENS_PER_WATT
