"""Finds the sun in a panorama, and says how wide its dynamic range is. numpy only."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .sphere.patch import cut_patch, pixel_directions, row_areas
from .sun import LUMINANCE, Sun
from .sun_split import sun_glow
from .survey import Survey, luminance, survey, thinned

_FEWEST_ROWS = 32
_APPROACH = (6.0, 4.0, 3.0)  # degrees: where a source's middle is looked for, ever closer
_NEAR, _APART, _AROUND = math.radians(6), math.radians(16), math.radians(16)
_FAR = math.radians(10)  # from here to _AROUND are a source's surroundings
_GLOW_ENDS = 0.02  # of the source's brightness

# What makes a source a sun. Known suns, rendered or photographed, lie far on this side: 0.8 degrees wide, 5,000 times as bright
# as their surroundings. Windows and lamps fail by their size, their contrast, or because there is a second one like them.
_WIDEST, _FARTHEST_GLOW = 4.0, 5.0  # degrees
_CONTRAST = 30.0
_COMPACT = 0.6  # of the light that is within 16 degrees
_SHARE = 0.1  # of all the light
_SECOND = 0.1  # how bright, beside it, another source may be
_LOWEST = -2.0  # degrees: the horizon of a photo is seldom level


@dataclass(frozen=True)
class _Source:
    """A bright spot, whatever it may be. Angles in radians, brightness as luminance.

    level: of the even disc with the same light; surround: around it; light: steradians times luminance above that, within
    `reach` or 6 degrees; glow: the same within 16 degrees.
    """

    centre: np.ndarray
    reach: float
    diameter: float
    level: float
    surround: float
    light: float
    glow: float


def find_sun(radiance: np.ndarray, seen: Survey | None = None) -> Sun | None:
    """The sun of an equirectangular panorama, (H, W, 3) float32; None where no single compact source rules the light.

    A sun is at most 4 degrees wide, far brighter than what surrounds it, not below the horizon, and gives a tenth of all the
    light or more, with no second source like it. So lamps, windows and skies whose sun is hidden have none; a moon may be one.
    Of a picture of less than 32 rows it cannot be told. seen: the panorama's survey, where there is one already.
    """
    if len(radiance) < _FEWEST_ROWS:
        return None
    coarse = _Coarse.of((seen or survey(radiance)).coarse)
    everything = float(coarse.light.sum())
    if not everything > 0:
        return None
    source = _measure(radiance, coarse, coarse.brightest())
    if not _may_be_sun(source, everything):
        return None
    other = _measure(radiance, coarse, coarse.brightest(apart_from=source.centre))
    if other.light > _SECOND * source.light:
        return None
    return _describe(radiance, source, everything)


def dynamic_range(pixels: np.ndarray, seen: Survey | None = None) -> float:
    """Stops from the darkest to the brightest pixel of (H, W, 3) linear float32 values; 0 where all is black.

    The darkest is the 0.1st percentile of the luminance of all pixels that are not black: one dead pixel is not the range.
    seen: the picture's survey, where there is one already.
    """
    seen = seen or survey(pixels)
    return _stops(seen.sample, seen.brightest)


def dynamic_range_of_codes(codes: np.ndarray, decode: Callable[[np.ndarray], np.ndarray]) -> float:
    """As `dynamic_range`, of (H, W, 3) code values; `decode` makes linear float32 values of some of them.

    Codes end at white, which is no single pixel: the brightest is looked for where the darkest is.
    """
    light = luminance(decode(thinned(codes)))
    return _stops(light, float(light.max()))


def _stops(sample: np.ndarray, brightest: float) -> float:
    lit = sample[sample > 0]
    if not lit.size:
        return 0.0
    return max(0.0, math.log2(brightest / float(np.percentile(lit, 0.1))))


@dataclass(frozen=True)
class _Coarse:
    """The survey's means of luminance, (rows, columns), where its cells are, (..., 3), and their light (in steradians)."""

    mean: np.ndarray
    towards: np.ndarray
    light: np.ndarray

    @classmethod
    def of(cls, mean: np.ndarray) -> _Coarse:
        rows, columns = mean.shape
        towards = pixel_directions(rows, columns, np.arange(rows), np.arange(columns))
        return cls(mean, towards, mean * row_areas(rows, columns)[:, None])

    def brightest(self, apart_from: np.ndarray | None = None) -> np.ndarray:
        """(3,), towards the brightest 3 x 3 cells, at least 16 degrees from `apart_from`."""
        wide = self.mean + np.roll(self.mean, 1, 1) + np.roll(self.mean, -1, 1)
        high = np.pad(wide, ((1, 1), (0, 0)), "edge")
        spread = high[:-2] + high[1:-1] + high[2:]
        if apart_from is not None:
            spread = np.where(self.towards @ apart_from > math.cos(_APART), -1, spread)
        return self.towards[np.unravel_index(np.argmax(spread), spread.shape)]

    def around(self, centre: np.ndarray) -> tuple[float, float]:
        """How bright it is from 10 to 16 degrees away from `centre`, and the light above that from 6 to 16 degrees."""
        angle = np.arccos((self.towards @ centre).clip(-1, 1))
        rows, columns = self.mean.shape
        area = np.broadcast_to(row_areas(rows, columns)[:, None], self.mean.shape)
        step = math.pi / rows
        ring = np.round((angle - _FAR) / step).astype(int)
        near = (ring >= 0) & (angle <= _AROUND + step / 2)
        lit, wide = (np.bincount(ring[near], x[near]) for x in (self.light, area))
        surround = float(np.median(lit[wide > 0] / wide[wide > 0]))
        out = (angle >= _NEAR) & (angle < _AROUND)
        return surround, float((self.light - surround * area)[out].clip(0).sum())


def _measure(radiance: np.ndarray, coarse: _Coarse, towards: np.ndarray) -> _Source:
    """The source within a few degrees of `towards`, (3,). What lies farther from it than 6 degrees, `coarse` tells."""
    height, width = radiance.shape[:2]
    centre = towards
    for degrees in _APPROACH:
        patch = cut_patch(height, width, centre, math.radians(degrees))
        inside = patch.angle < math.radians(degrees)
        near = luminance(patch.of(radiance)).astype(np.float64)
        excess = np.where(inside, near - np.median(near[inside]) if inside.any() else 0, 0).clip(0)
        if excess.any():
            glaring = np.where(excess > _GLOW_ENDS * excess.max(), excess, 0)
            power = 1 if degrees == _APPROACH[-1] else 2  # first what is brightest, then the middle of the light
            centre = patch.mean_direction(glaring**power * patch.area)

    surround, glow = coarse.around(centre)
    patch = cut_patch(height, width, centre, _NEAR)
    bright = luminance(patch.of(radiance)).astype(np.float64)
    step = max(math.radians(0.2), math.pi / height)
    rings = math.ceil(_NEAR / step)
    ring = np.minimum((patch.angle / step).astype(int), rings).ravel()
    area, light_of = (np.bincount(ring, x.ravel(), rings + 1)[:rings] for x in (patch.area, bright * patch.area))
    profile = light_of / np.maximum(area, 1e-30)
    excess = np.where(patch.angle < _NEAR, bright - surround, 0).clip(0)

    glow += float((excess * patch.area).sum())
    _, level = _even_disc(excess, patch.area)
    dark = np.flatnonzero((profile < surround + _GLOW_ENDS * level) & (area > 0))
    reach = (int(dark[0]) + 1 if len(dark) else len(profile)) * step
    light, level = _even_disc(excess * (patch.angle < reach), patch.area)
    cap = light / level / (2 * math.pi) if level else 0.0  # of the disc: solid angle = 2 pi (1 - cos(radius))
    return _Source(centre, reach, 2 * math.acos(max(-1.0, 1 - cap)), level, surround, light, glow)


def _even_disc(excess: np.ndarray, area: np.ndarray) -> tuple[float, float]:
    """The light of `excess`, and how bright an even disc would be that has the same light and the same mean of the light."""
    light = float((excess * area).sum())
    return light, float((excess**2 * area).sum()) / light if light else 0.0


def _may_be_sun(source: _Source, everything: float) -> bool:
    return (
        0 < math.degrees(source.diameter) <= _WIDEST
        and math.degrees(source.reach) <= _FARTHEST_GLOW
        and source.level >= _CONTRAST * source.surround
        and source.light >= _COMPACT * source.glow
        and source.light >= _SHARE * everything
        and math.degrees(math.asin(source.centre[2])) >= _LOWEST
    )


def _describe(radiance: np.ndarray, source: _Source, everything: float) -> Sun:
    patch, glow = sun_glow(radiance, source.centre, source.reach)
    red, green, blue = (float(value) for value in (glow * patch.area[..., None]).sum((0, 1), dtype=np.float64))
    x, y, z = (float(value) for value in source.centre)
    return Sun(
        azimuth=math.degrees(math.atan2(y, x)),
        elevation=math.degrees(math.asin(z)),
        diameter=math.degrees(source.diameter),
        irradiance=(red, green, blue),
        share=float(np.dot((red, green, blue), LUMINANCE)) / everything,
        reach=math.degrees(source.reach),
    )
