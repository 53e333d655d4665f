"""What a conversion did, kept on the group that shows it, so that the panel can say it in a file that is opened later."""

from __future__ import annotations

import json
from dataclasses import asdict

import bpy

from ..hdr_core.settings import Conversion

_FACTS = "ldr_to_hdri_facts"


def keep(tree: bpy.types.NodeTree, done: Conversion) -> None:
    """Write down what made the picture that `tree` shows."""
    tree[_FACTS] = json.dumps(asdict(done), sort_keys=True)


def read(tree: bpy.types.NodeTree) -> Conversion | None:
    """What `keep` wrote; None where nothing was, or by a version that knew other things."""
    text = tree.get(_FACTS)
    try:
        return Conversion.from_plain(json.loads(text)) if text else None
    except (ValueError, TypeError):
        return None
