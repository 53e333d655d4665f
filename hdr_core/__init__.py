"""LDR to HDRI: turns LDR photos into HDR environment maps. Importing it is instant: torch waits for the first conversion."""

from __future__ import annotations

from .convert import convert
from .errors import HdrError
from .settings import Conversion, ConvertSettings
from .version import __version__

__all__ = ["Conversion", "ConvertSettings", "HdrError", "__version__", "convert"]
