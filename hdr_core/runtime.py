"""The packages that converting needs, imported when first used: importing the core must stay instant."""

from __future__ import annotations

import importlib
import re
import sys
from types import ModuleType

from .errors import RuntimeMissingError

REQUIREMENTS = {
    "numpy": "numpy>=1.26",
    "torch": "torch>=2.4",
    "safetensors": "safetensors==0.8.0",
    "pyvips": "pyvips==3.2.0 pyvips-binary==8.18.7",
    "OpenEXR": "OpenEXR==3.5.3",
    "PIL": "pillow==13.0.0",
    "pi_heif": "pi-heif==1.4.0",
}


def require(module: str) -> ModuleType:
    """Import one of `REQUIREMENTS`, or a module in it; raises RuntimeMissingError when this Python cannot."""
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:  # OSError: the package is there, its shared library is not
        raise RuntimeMissingError(
            f"This Python ({sys.executable}) cannot import {module}: {error}.",
            f"Install it with: python -m pip install {REQUIREMENTS[module.partition('.')[0]]}",
        ) from error


def package_of(module: str) -> str:
    """What pip calls one of `REQUIREMENTS`."""
    return re.split("[=>]", REQUIREMENTS[module])[0]
