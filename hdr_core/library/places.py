"""Where things are: the photos, the results, and the records of how they came about."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import OutputError

RECORDS_SUFFIX = ".batch"


@dataclass(frozen=True)
class Places:
    """Absolute folders. records: journal, reports and thumbnails; beside the target, so that only results lie in that."""

    source: Path
    target: Path
    records: Path

    @classmethod
    def of(cls, source: Path, target: Path, records: Path | None) -> Places:
        """With `records` beside the target where none are given. Raises OutputError where a target has no place beside it."""
        source, target = Path(os.path.abspath(source)), Path(os.path.abspath(target))  # noqa: PTH100  (links are kept)
        if records is None and not target.name:
            raise OutputError(f'There is no place beside "{target}" for the records.', "Name a folder for them (--records).")
        beside = target.with_name(target.name + RECORDS_SUFFIX) if records is None else Path(os.path.abspath(records))  # noqa: PTH100
        return cls(source, target, beside)

    @property
    def thumbnails(self) -> Path:
        return self.records / "thumbnails"

    def thumbnail(self, source: str) -> Path:
        """The report's picture of a photo, by its path below the source."""
        return self.thumbnails / picture_name(source, "jpg")

    def preview(self, source: str) -> Path:
        """The asset's picture of a photo, by its path below the source."""
        return self.thumbnails / picture_name(source, "png")


def picture_name(source: str, suffix: str) -> str:
    """What a picture of a photo is called among the thumbnails, by the photo's path below the source."""
    return f"{hashlib.sha256(source.encode('utf-8', 'surrogateescape')).hexdigest()[:24]}.{suffix}"
