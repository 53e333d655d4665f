"""How much of the light was restored rather than seen, in numbers and in words. No torch, no bpy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RestoredLight:
    """share: how much of the irradiance comes from clipped pixels, in [0, 1]; of a picture that is no panorama, of its light.

    In 80% of photos the truth lies between `low` and `high`: 0 <= low <= share <= high <= 1. All are 0 where nothing clipped.
    """

    share: float
    low: float
    high: float

    def in_words(self) -> str:
        """A sentence, the same wherever it is shown."""
        if self.high == 0:
            return "No light had to be restored."
        share = "Less than 1%" if self.share < 0.005 else f"{self.share:.0%}"
        return f"{share} of the light was restored ({100 * self.low:.0f} to {self.high:.0%})."

    def in_numbers(self) -> str:
        """As a file's header has it, such as "0.620 (0.410 to 0.780)"."""
        return f"{self.share:.3f} ({self.low:.3f} to {self.high:.3f})"
