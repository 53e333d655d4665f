"""What a library is asked for. Plain data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from ..errors import HdrError, WeightsError
from ..settings import ConvertSettings, Projection
from ..version import __version__

Size = Literal["original", "8k", "4k", "2k", "1k"]
Format = Literal["exr", "hdr"]
Others = Literal["auto", "flat", "tileable", "sphere"]

PIXELS = {"8k": 8192, "4k": 4096, "2k": 2048, "1k": 1024}
"""The longer side of each size, in pixels."""

_RECORDS = tuple(Path(__file__).parents[1] / "network" / name for name in ("weights.json", "sphere.json"))


@dataclass(frozen=True)
class Rule:
    """Pictures whose path below the source matches `pattern` (as `**/*_emission.*`) are taken as `projection` says."""

    pattern: str
    projection: Projection

    def __post_init__(self) -> None:
        if self.projection not in get_args(Projection):
            known = ", ".join(get_args(Projection))
            raise HdrError(f'"{self.pattern}={self.projection}" names no projection.', f"Choose one of {known}.")


@dataclass(frozen=True)
class LibrarySettings:
    """How a folder of photos is converted.

    convert: of each photo. Its projection "auto" takes 2:1 pictures as panoramas and others as `others` says: "flat",
        "tileable" (the edges join), "sphere" (whatever they are, they become a whole sphere of light), or "auto", which looks
        whether the edges of a flat picture join. rules: the first that matches decides instead.
    sizes: each a file of its own, NAME.exr or NAME_1k.exr; photos are made smaller with their light kept, never larger.
    formats: "exr", "hdr" (Radiance), or both. sheet: also NAME.sheet.png, which needs the original size as EXR.
    include, exclude: patterns of paths below the source; "*" stays in a folder, "**" does not. A pattern without a slash is
        looked for in every folder. recursive: folders in folders, too.
    previews: also pictures of the light, for the assets of `assets.py`.

    Raises HdrError on values that make no sense.
    """

    convert: ConvertSettings = field(default_factory=ConvertSettings)
    others: Others = "auto"
    rules: tuple[Rule, ...] = ()
    sizes: tuple[Size, ...] = ("original",)
    formats: tuple[Format, ...] = ("exr",)
    sheet: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    recursive: bool = True
    previews: bool = False

    def __post_init__(self) -> None:
        for name, values, known in (
            ("sizes", self.sizes, get_args(Size)),
            ("formats", self.formats, get_args(Format)),
            ("others", (self.others,), get_args(Others)),
        ):
            wrong = [value for value in values if value not in known]
            if wrong or not values:
                raise HdrError(f"{name}={','.join(values) or 'nothing'} is not known.", f"Choose of {', '.join(known)}.")
            if len(set(values)) < len(values):
                raise HdrError(f"{name}={','.join(values)} names one twice.", "Name each once.")
        if self.sheet and not ("original" in self.sizes and "exr" in self.formats):
            raise HdrError("Sheets show the EXR of the original size.", "Ask for that size and format too, or for no sheets.")

    def signature(self, projection: Projection) -> str:
        """What, besides the photo itself, decides what is made of it: under another signature a photo is converted again."""
        plain = asdict(self)
        for name in ("rules", "include", "exclude", "recursive"):  # these decide which photos, and `projection` how
            del plain[name]
        return json.dumps({**plain, "projection": projection, "weights": _weights(), "software": __version__}, sort_keys=True)

    def may_be_cube(self, projection: Projection) -> bool:
        """Whether a picture that rules and settings take as `projection` says may be one of the six files of a cube map."""
        return projection == "cube" or (projection == "auto" and self.others == "sphere")

    def plain(self) -> dict[str, Any]:
        """For journals and reports."""
        return asdict(self)


def _weights() -> str:
    """The checksums of all weights."""
    return " ".join(_checksum(record) for record in _RECORDS)


def _checksum(record: Path) -> str:
    try:
        return str(json.loads(record.read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(
            f'The record of the weights "{record}" cannot be read: {error}.',
            "Install the extension again, or restore the file.",
        ) from error
