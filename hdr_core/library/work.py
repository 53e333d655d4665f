"""One photo's work, as it goes to a worker, and what comes back. Plain data that travels as JSON."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import HdrError
from ..settings import Conversion, ConvertSettings
from .settings import Format, Others, Size
from .store import is_url

STAGE = Path(tempfile.gettempdir()) / "ldr_to_hdri_stage"
"""What is remote lies beside this while it is worked on, in a folder named as `atomic.temporary_path` would."""


@dataclass(frozen=True)
class File:
    """A file to write, by its whole path."""

    path: str
    size: Size
    format: Format


@dataclass(frozen=True)
class Work:
    """Paths, or URLs that fsspec knows. others: what a picture that is no panorama is taken for, where the settings leave it
    open. thumbnail, preview: pictures to make for report and assets, "" for none. cube: it stands for a cube map in six files.
    """

    source: str
    files: tuple[File, ...]
    settings: ConvertSettings
    others: Others
    sheet: str
    thumbnail: str
    preview: str
    overwrite: bool
    cube: bool

    @classmethod
    def from_plain(cls, fields: Mapping[str, Any]) -> Work:
        """From `dataclasses.asdict`, also after a way through JSON. Raises TypeError or KeyError for other fields."""
        files = tuple(File(**file) for file in fields["files"])
        return cls(**{**fields, "files": files, "settings": ConvertSettings(**fields["settings"])})

    @property
    def outputs(self) -> tuple[str, ...]:
        """Paths or URLs of all that it may write."""
        return tuple(path for path in (*(file.path for file in self.files), self.sheet, self.thumbnail, self.preview) if path)

    @property
    def is_remote(self) -> bool:
        """Whether anything of it has to be fetched or sent."""
        return any(map(is_url, (self.source, *self.outputs)))

    @property
    def written(self) -> tuple[Path, ...]:
        """All that it may write on this machine, each by way of a temporary file of `atomic.temporary_path`."""
        here = tuple(Path(path) for path in self.outputs if not is_url(path))
        return (*here, STAGE) if self.is_remote else here


@dataclass(frozen=True)
class ContactSheet:
    """A page of thumbnails: its PNG file; the title; of each strip its file and what to call it."""

    output: str
    title: str
    strips: tuple[tuple[str, str], ...]
    overwrite: bool

    @classmethod
    def from_plain(cls, fields: Mapping[str, Any]) -> ContactSheet:
        """From `dataclasses.asdict`, also after a way through JSON."""
        return cls(**{**fields, "strips": tuple((path, name) for path, name in fields["strips"])})


@dataclass(frozen=True)
class Made:
    """A file that was written: its path, as asked for; its bytes, and their checksum; its size in pixels."""

    path: str
    bytes: int
    sha256: str
    width: int
    height: int


@dataclass(frozen=True)
class Product:
    """What became of a photo. sha256, bytes: of the photo itself, or of a cube map's six files. tags: what the light is like,
    see `measure.py`. left_out: why files that were asked for were not made.
    """

    conversion: Conversion
    sha256: str
    bytes: int
    files: tuple[Made, ...]
    tags: tuple[str, ...]
    left_out: tuple[str, ...]

    @classmethod
    def from_plain(cls, fields: Mapping[str, Any]) -> Product:
        """From `dataclasses.asdict`, also after a way through JSON."""
        return cls(
            Conversion.from_plain(fields["conversion"]),
            fields["sha256"],
            fields["bytes"],
            tuple(Made(**made) for made in fields["files"]),
            tuple(fields["tags"]),
            tuple(fields["left_out"]),
        )

    def plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Finished:
    """A photo, by its path below the source, that was converted."""

    source: str
    product: Product


@dataclass(frozen=True)
class Failed:
    """A photo that could not be converted, and why."""

    source: str
    error: HdrError
