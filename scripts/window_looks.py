"""How panels and preview look: at twice the size, in Japanese, in German. Steps of window_session.py, which keep pictures.

That labels fit is for eyes to see; what is checked here is that everything can be drawn, and that it is translated.
"""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import bpy
from window_driver import Pauses, area, environment, extension, in_area, show_sidebar, until_idle
from window_edits import picture
from window_steps import LONGEST


def three_languages_at_twice_the_size(photo: Path) -> Pauses:
    """Panel and preview, at the usual size and at twice it, in three languages."""
    if environment() is None:
        with in_area("VIEW_3D"):
            bpy.ops.ldr_to_hdri.convert("INVOKE_DEFAULT", filepath=str(photo))
        yield from until_idle(LONGEST)
    area("PROPERTIES").spaces.active.context = "WORLD"
    yield from show_sidebar("VIEW_3D")
    view, errors = bpy.context.preferences.view, sys.stderr
    sys.stderr = StringIO()  # where Blender prints what a panel raises
    try:
        for language, scale in (("en_US", 1), ("en_US", 2), ("ja_JP", 1), ("ja_JP", 2), ("de_DE", 2)):
            view.language = next(one for one in bpy.app.translations.locales if one.startswith(language[:2]))
            view.use_translate_interface = view.use_translate_tooltips = True
            view.ui_scale = scale
            yield 2
            picture(f"panel_{language[:2]}_{scale}x")
            yield from _preview(photo, f"preview_{language[:2]}_{scale}x")
        said = sys.stderr.getvalue()
    finally:
        sys.stderr = errors
        view.language, view.ui_scale = "en_US", 1
    assert "Traceback" not in said, said
    yield 1


def _preview(photo: Path, name: str) -> Pauses:
    """In the biggest area, which is a viewport again afterwards."""
    area("VIEW_3D").type = "IMAGE_EDITOR"
    yield 1
    with in_area("IMAGE_EDITOR"):
        bpy.ops.ldr_to_hdri.preview("INVOKE_DEFAULT", filepath=str(photo))
    yield from until_idle(LONGEST)
    yield 3  # until the sidebar is there, and the picture fitted into what is left
    image = area("IMAGE_EDITOR").spaces.active.image
    assert image is not None
    assert image == extension("operators.preview_image").preview_image()
    bpy.context.window_manager.ldr_to_hdri_preview.exposure = -3.0
    yield 1
    picture(name)
    area("IMAGE_EDITOR").type = "VIEW_3D"
    yield 1
