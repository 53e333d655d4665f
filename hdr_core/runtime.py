"""The packages that converting needs, imported when first used: importing the core must stay instant."""

from __future__ import annotations

import importlib
import importlib.util
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

_OLDEST_TORCH = (2, 4)


def require(module: str) -> ModuleType:
    """Import one of `REQUIREMENTS`, or a module in it; raises RuntimeMissingError when this Python cannot."""
    try:
        found = importlib.import_module(module)
    except (ImportError, OSError) as error:  # OSError: the package is there, its shared library is not
        problem = f"This Python ({sys.executable}) cannot import {module}: {error}."
        raise RuntimeMissingError(problem, _next_step(module)) from error
    except Exception as error:
        problem = f"The {module} in {_place(module)} does not work ({type(error).__name__}: {error})."
        raise RuntimeMissingError(problem, f"Another extension may have brought it. {_next_step(module)}") from error
    if module == "torch" and (version := _version(found)) < _OLDEST_TORCH:
        problem = f"The torch in {found.__file__} is {'.'.join(map(str, version))}, which is too old."
        raise RuntimeMissingError(problem, f"Another extension may have brought it. {_next_step(module)}")
    return found


def _next_step(module: str) -> str:
    return (
        "In Blender press Install Runtime in the add-on's preferences, which changes nothing for others. "
        f"Elsewhere install it with: python -m pip install {REQUIREMENTS[module.partition('.')[0]]}"
    )


def _place(module: str) -> str:
    spec = importlib.util.find_spec(module.partition(".")[0])
    return str(spec.origin) if spec is not None else sys.executable


def _version(package: ModuleType) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", str(getattr(package, "__version__", "")))
    return (int(found[1]), int(found[2])) if found else _OLDEST_TORCH


def package_of(module: str) -> str:
    """What pip calls one of `REQUIREMENTS`."""
    return re.split("[=>]", REQUIREMENTS[module])[0]
