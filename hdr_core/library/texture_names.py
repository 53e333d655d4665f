"""Which pictures of a texture library are no pictures of light, by the names that such libraries give them.

Poly Haven says brick_nor_gl_1k.jpg, ambientCG Brick01_1K-JPG_NormalGL.jpg, others Brick_Normal.png. Data (a normal, a
roughness) and reflectance (a base colour) hold nothing that a camera clipped. Emission does, and what has no such name.
"""

from __future__ import annotations

import re

_KINDS = {
    "a normal map": "normal normalgl normaldx nor nrm norm nor_gl nor_dx bump bmp",
    "a roughness map": "roughness rough rgh gloss glossiness smoothness",
    "a displacement map": "displacement disp displace height dsp",
    "a metalness map": "metalness metallic metal mtl",
    "an occlusion map": "ambientocclusion ao occlusion arm orm rma",
    "an opacity map": "opacity alpha mask",
    "a specular map": "specular spec specularity reflection",
    "a base colour": "basecolor base_color albedo diffuse diff col color colour",
    "a translucency map": "translucency translucent transmission subsurface sss",
}
_UNMISTAKABLE = {"normalgl", "normaldx", "nor_gl", "nor_dx", "roughness", "displacement", "metalness", "ambientocclusion"}
_UNMISTAKABLE |= {"basecolor", "base_color"}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_SIZE = re.compile(r"(\d+k|\d+px|\d{3,5}(x\d{3,5})?|jpe?g|png|tiff?|exr)")
_EMISSION = {"emission", "emissive", "emit", "emis", "glow"}


def map_word(stem: str) -> tuple[str, str] | None:
    """The material that a file's name (without suffix) belongs to, and the word in it that says which map; None without one."""
    parts = [part for part in re.split(r"[_\-. ]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", stem).lower()) if part]
    while len(parts) > 1 and _SIZE.fullmatch(parts[-1]):
        parts.pop()
    for count in (2, 1):
        for word in ("_".join(parts[-count:]), "".join(parts[-count:])):
            if len(parts) > count and (word in _KIND_OF or word in _EMISSION):
                sizeless = [part for part in parts[:-count] if not _SIZE.fullmatch(part)]
                return "_".join(sizeless), word
    return None


def data_maps(stems: list[str]) -> dict[str, str]:
    """Of the names (without suffixes) of one folder's pictures, those that are no pictures of light, with what they are.

    A word alone may be part of a title, as in "old metal": it counts where it is unmistakable, or where the same material has
    another map beside it.
    """
    words = {stem: found for stem in stems if (found := map_word(stem)) is not None}
    maps_of: dict[str, set[str]] = {}
    for material, word in words.values():
        maps_of.setdefault(material, set()).add(_KIND_OF.get(word, word))
    return {
        stem: _KIND_OF[word]
        for stem, (material, word) in words.items()
        if word in _KIND_OF and (word in _UNMISTAKABLE or len(maps_of[material]) > 1)
    }
