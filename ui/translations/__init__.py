"""Our texts in other languages: one file each, from English, named after Blender's locales."""

from __future__ import annotations

import json
from pathlib import Path

import bpy

_FOLDER = Path(__file__).parent
_CONTEXTS = ("*", "Operator")  # operators' names are looked up in one of their own


def languages() -> dict[str, dict[str, str]]:
    """English to translated text, by locale."""
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(_FOLDER.glob("*.json"))}


def register() -> None:
    bpy.app.translations.register(
        __name__,
        {
            locale: {(context, english): text for english, text in texts.items() for context in _CONTEXTS}
            for locale, texts in languages().items()
        },
    )


def unregister() -> None:
    bpy.app.translations.unregister(__name__)
