"""Where things are: the photos, the results, and the records of how they came about."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import OutputError
from .store import Folder, Store, open_store

RECORDS_SUFFIX = ".batch"


@dataclass(frozen=True)
class Places:
    """records: journal, reports and thumbnails; beside the target, so that only results lie in that; always a folder here."""

    source: Store
    target: Store
    records: Path

    @classmethod
    def of(cls, source: Path | str, target: Path | str, records: Path | None) -> Places:
        """Folders or URLs, with `records` beside the target where none are given.

        Raises OutputError where a target has no place beside it, and as `open_store`.
        """
        into = open_store(target)
        if records is not None:
            return cls(open_store(source), into, Path(os.path.abspath(records)))  # noqa: PTH100  (links are kept)
        if not isinstance(into, Folder) or not into.name:
            raise OutputError(
                f'There is no place beside "{into}" for the records.', "Name a folder of this machine for them (--records)."
            )
        return cls(open_store(source), into, into.path.with_name(into.name + RECORDS_SUFFIX))

    @property
    def apart(self) -> tuple[Store, Store]:
        """Where no photos are looked for."""
        return self.target, Folder(self.records)

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
