"""This software's version; the same as in pyproject.toml and blender_manifest.toml."""

__version__ = "0.2.0"
SOFTWARE = "LDR to HDRI"
"""How the header's `software` begins in every file that we write; a space and the version follow."""
