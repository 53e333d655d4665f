"""How often the tags "indoor" and "outdoor" of batches are right, on panoramas whose names tell.

    .venv/bin/python benchmarks/tags.py FOLDER_OF_EXR ...

Prints the wrong ones, and the count. White is put where 3% of the pixels are brighter, as in a photo.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hdr_core.exr import read_exr
from hdr_core.library.tags import light_tags
from hdr_core.light import find_sun
from hdr_core.sheet.light import luminance

INDOOR = (
    *("canteen", "workshop", "autoshop", "photostudio", "photo_studio", "cayley_interior", "circus", "dancing_hall", "cellar"),
    *("hotel_room", "leadenhall", "old_hall", "powerplant", "provence_studio", "hangar", "st_fagans_interior", "stageenv"),
    *("studio_small", "vestibule", "measuring_lab", "lounge", "blue_grotto", "cafe", "warehouse", "fireplace", "mirrored_hall"),
    *("chapel", "empty_house", "royal_esplanade"),
)


def main() -> None:
    right = count = 0
    for path in sorted(path for folder in sys.argv[1:] for path in Path(folder).glob("pano_*.exr")):
        pixels = read_exr(path)[0][..., :3]
        pixels = pixels / np.percentile(luminance(pixels), 97)
        tags = light_tags(pixels, sun=find_sun(pixels) is not None)
        good = ("indoor" in tags) == any(word in path.stem for word in INDOOR)
        right, count = right + good, count + 1
        if not good:
            print(f"{path.stem}: {', '.join(tags)}")
    print(f"{right} of {count}")


if __name__ == "__main__":
    main()
