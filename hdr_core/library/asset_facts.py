"""What is said of a library's assets, and where they come from. Blender writes them: `operators/assets.py`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import OutputError
from ..settings import Conversion, Scale


@dataclass(frozen=True)
class AssetFacts:
    """packed: the pictures go into the .blend files; else they are found beside them."""

    author: str = ""
    license: str = ""
    packed: bool = False


@dataclass(frozen=True)
class Panorama:
    """A panorama that was converted. source: the photo, below the source folder; picture: of the light, below the target;
    scale: what 1.0 is in it.
    """

    source: str
    folder: str
    picture: str
    conversion: Conversion
    tags: tuple[str, ...]
    scale: Scale


def panoramas(records: Path) -> tuple[Path, list[Panorama]]:
    """The target of a library, and its panoramas, from its report. Raises OutputError where there is none."""
    report = records / "report.json"
    try:
        facts = json.loads(report.read_text(encoding="ascii"))
        return Path(facts["target"]), list(_panoramas(facts["photos"], facts["settings"]["convert"].get("scale", "white")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f'The report "{report}" cannot be read ({error}).', "Run the batch first, to its end.") from error


def _panoramas(photos: list[dict], scale: Scale) -> Iterator[Panorama]:
    for photo in photos:
        if photo["outcome"] == "done" and photo["product"]["conversion"]["projection"] == "equirectangular":
            product, source = photo["product"], photo["source"]
            picture = product["files"][0]["path"]
            folder = source.rpartition("/")[0]
            conversion = Conversion.from_plain(product["conversion"])
            yield Panorama(source, folder, picture, conversion, tuple(product["tags"]), scale)
