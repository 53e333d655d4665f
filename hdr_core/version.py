"""This software's version; the same as in pyproject.toml and blender_manifest.toml."""

__version__ = "0.2.0"
