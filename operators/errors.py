"""What can go wrong on Blender's side of a conversion."""

from __future__ import annotations

from ..hdr_core.errors import HdrError


class SceneError(HdrError):
    """The .blend, its image or its world does not allow what was asked."""
