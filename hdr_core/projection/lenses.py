"""How pictures show the world: for each projection, where in the picture a direction is seen.

Directions are unit vectors in the photo's own axes: +X to its middle, +Y to its left, +Z up. Positions are in pixels from the
picture's upper left corner, so that the first pixel's middle is at (0.5, 0.5).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

_NEARLY_ASIDE = 1.5  # radians from the axis: what lies aside, at a right angle, a flat picture cannot show
_RIM = 1.0  # pixels: what the last one of a circle shows is its surroundings, too


@dataclass(frozen=True)
class Seen:
    """x, y: (...,) pixels; inside: (...,) pixels to the picture's edge, negative outside; weight: of two lenses."""

    x: Tensor
    y: Tensor
    inside: Tensor
    weight: Tensor | None = None


@dataclass(frozen=True)
class Lens(ABC):
    """wraps: the picture's left and right edge join; whole: it is a 2:1 panorama, whose poles join as well.

    middle, most: pixels a radian at the picture's middle, and where there are most.
    """

    width: int
    height: int
    wraps: bool = field(default=False, kw_only=True)
    whole: bool = field(default=False, kw_only=True)

    @property
    @abstractmethod
    def middle(self) -> float: ...

    @property
    def most(self) -> float:
        return self.middle

    def reach(self, angle: float) -> float:
        """How many pixels beyond the picture's edge a place may lie that is `angle` radians, a few degrees, from one inside."""
        return math.inf

    @abstractmethod
    def look(self, direction: Tensor) -> Iterator[Seen]:
        """Where `direction`, (..., 3), is seen: once, or by each lens."""

    def _seen(self, x: Tensor, y: Tensor, front: Tensor | None = None) -> Seen:
        across = torch.full_like(x, math.inf) if self.wraps else torch.minimum(x, self.width - x)
        down = torch.full_like(y, math.inf) if self.whole else torch.minimum(y, self.height - y)
        inside = torch.minimum(across, down)
        return Seen(x, y, inside if front is None else torch.where(front, inside, -math.inf))


@dataclass(frozen=True)
class Perspective(Lens):
    """focal: pixels."""

    focal: float

    @property
    def middle(self) -> float:
        return self.focal

    @property
    def most(self) -> float:
        return self.focal * (1 + (self.width**2 + self.height**2) / (4 * self.focal**2))

    def reach(self, angle: float) -> float:
        corner = math.atan(math.hypot(self.width, self.height) / (2 * self.focal))
        if corner > _NEARLY_ASIDE:
            return math.inf
        return 2 * self.most * angle  # beyond its edge there are still more pixels a radian

    def look(self, direction: Tensor) -> Iterator[Seen]:
        ahead, left, up = direction.unbind(-1)
        depth = ahead.clamp(min=1e-6)
        x, y = self.width / 2 - self.focal * left / depth, self.height / 2 - self.focal * up / depth
        yield self._seen(x, y, ahead > 1e-6)


@dataclass(frozen=True)
class Equirectangular(Lens):
    """A part of an equirectangular panorama. density: pixels a radian; left, top: of the part, in radians to the left of its
    frame's middle, and above the horizon.
    """

    density: float
    left: float = math.pi
    top: float = math.pi / 2

    @property
    def middle(self) -> float:
        return self.density

    def look(self, direction: Tensor) -> Iterator[Seen]:
        ahead, left, up = direction.unbind(-1)
        x = _around(self.left - torch.atan2(left, ahead), self.width / (2 * self.density)) * self.density
        y = (self.top - torch.atan2(up, torch.hypot(ahead, left))) * self.density
        yield self._seen(x, y)


@dataclass(frozen=True)
class Cylindrical(Lens):
    """density: pixels a radian along the horizon, which is `horizon` pixels below the upper edge."""

    density: float
    horizon: float

    @property
    def middle(self) -> float:
        return self.density

    @property
    def most(self) -> float:
        tallest = max(self.horizon, self.height - self.horizon) / self.density
        return self.density * (1 + tallest**2)

    def look(self, direction: Tensor) -> Iterator[Seen]:
        ahead, left, up = direction.unbind(-1)
        half = self.width / (2 * self.density)
        x = _around(half - torch.atan2(left, ahead), half) * self.density
        y = self.horizon - self.density * up / torch.hypot(ahead, left).clamp(min=1e-6)
        yield self._seen(x, y)


def _around(angle: Tensor, middle: float) -> Tensor:
    """Within half a turn of `middle`, so that what lies beyond one edge is not taken for what lies far beyond the other."""
    return (angle - middle + math.pi) % (2 * math.pi) - math.pi + middle


@dataclass(frozen=True)
class Circle:
    """x, y, radius: pixels."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Fisheye(Lens):
    """Equidistant: the angle to the axis grows evenly from the circle's middle, to `half` radians at its edge."""

    circle: Circle
    half: float
    cropped: bool = False  # the circle is larger than the picture

    @property
    def middle(self) -> float:
        return self.circle.radius / self.half

    @property
    def most(self) -> float:
        return self.middle * (self.half / max(math.sin(min(self.half, 2.6)), 0.3) if self.half > 1 else 1.2)

    def reach(self, angle: float) -> float:
        return 2 * self.most * angle

    def look(self, direction: Tensor) -> Iterator[Seen]:
        angle, x, y = _in_circle(direction, self.circle, self.half)
        edge = (self.half - angle) * self.middle - _RIM
        inside = torch.minimum(edge, self._seen(x, y).inside) if self.cropped else edge
        yield Seen(x, y, inside)


@dataclass(frozen=True)
class DualFisheye(Lens):
    """Two fisheyes back to back, the left one in front; where both see, one goes over into the other."""

    circles: tuple[Circle, Circle]
    half: float

    @property
    def middle(self) -> float:
        return self.circles[0].radius / self.half

    @property
    def most(self) -> float:
        return self.middle * math.pi / 2

    def look(self, direction: Tensor) -> Iterator[Seen]:
        overlap = max(2 * self.half - math.pi, 1e-3)
        for circle, turn in zip(self.circles, (1.0, -1.0), strict=True):
            turned = direction * direction.new_tensor([turn, turn, 1.0])
            angle, x, y = _in_circle(turned, circle, self.half)
            weight = ((self.half - angle) / overlap).clamp(0, 1)
            yield Seen(x, y, (self.half - angle) * self.middle - _RIM, weight * weight * (3 - 2 * weight) + 1e-6)


def _in_circle(direction: Tensor, circle: Circle, half: float) -> tuple[Tensor, Tensor, Tensor]:
    ahead, left, up = direction.unbind(-1)
    aside = torch.hypot(left, up)
    angle = torch.atan2(aside, ahead)
    scale = angle * (circle.radius / half) / aside.clamp(min=1e-9)
    return angle, circle.x - left * scale, circle.y - up * scale


@dataclass(frozen=True)
class MirrorBall(Lens):
    """A mirroring ball, photographed from far away. What lies behind the ball is drawn out along its edge."""

    circle: Circle

    @property
    def middle(self) -> float:
        return self.circle.radius / 2

    @property
    def most(self) -> float:
        return self.circle.radius * 2

    def look(self, direction: Tensor) -> Iterator[Seen]:
        ahead, left, up = direction.unbind(-1)
        size = torch.sqrt(((ahead - 1) ** 2 + left**2 + up**2).clamp(min=1e-12))
        x, y = self.circle.x - self.circle.radius * left / size, self.circle.y - self.circle.radius * up / size
        edge = self.circle.radius - torch.hypot(x - self.circle.x, y - self.circle.y)
        yield Seen(x, y, edge - _RIM)
