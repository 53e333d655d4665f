"""Every text of ours is there in German and Japanese. (The bpy module is built without languages, and cannot show them.)"""

from __future__ import annotations

import string

import pytest
import strings
from bl_ext.user_default.ldr_to_hdri.ui import translations

LANGUAGES = translations.languages()


def fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("locale", ["de_DE", "ja_JP"])
def test_nothing_is_left_out_and_nothing_is_left_over(locale):
    shown, known = strings.shown_strings(), LANGUAGES[locale]
    assert len(shown) > 150
    assert sorted(shown - known.keys()) == []
    assert sorted(known.keys() - shown) == []
    for english, text in known.items():
        assert text
        assert fields(text) == fields(english)
    units = {"cd/m²", "W/(m² sr)"}
    same = [english for english, text in known.items() if text == english and english not in units]
    assert len(same) < 15, same  # names, such as ZIP
