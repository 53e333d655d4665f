"""What a conversion did, kept on its image and the group that shows it: the panel can say it in a file that is opened later."""

from __future__ import annotations

import json
from dataclasses import asdict

import bpy

from ..hdr_core.settings import Conversion

_FACTS = "ldr_to_hdri_facts"


def keep(block: bpy.types.ID, done: Conversion) -> None:
    """Write down what made the image `block`, or the picture that the group `block` shows."""
    block[_FACTS] = json.dumps(asdict(done), sort_keys=True)


def read(block: bpy.types.ID) -> Conversion | None:
    """What `keep` wrote; None where nothing was, or by a version that knew other things."""
    text = block.get(_FACTS)
    try:
        return Conversion.from_plain(json.loads(text)) if text else None
    except (ValueError, TypeError):
        return None


def forget(block: bpy.types.ID) -> None:
    """The picture of `block` was not converted here."""
    if _FACTS in block:
        del block[_FACTS]
