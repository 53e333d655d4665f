"""Which photos need to be converted: what is new, what changed, what was lost."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from .journal import Done, History
from .plan import Item
from .settings import LibrarySettings


@dataclass(frozen=True)
class Changes:
    """force: all do. trust_times: a photo of the same size and time is taken as unchanged, and not read. verify: results are
    read and compared with what was written, where otherwise their size is enough.
    """

    source: Path
    target: Path
    settings: LibrarySettings
    history: History
    force: bool = False
    trust_times: bool = False
    verify: bool = False

    def reason(self, item: Item) -> str | None:
        """Why a photo has to be converted, in a few words; None where it was, and nothing has changed since."""
        done = self.history.done.get(item.source)
        if done is None or self.force:
            return "new" if done is None else "forced"
        if done.signature != self.settings.signature(item.projection):
            return "other settings"
        try:
            lost = [path for path, size, digest in done.files if not self._is_there(self.target / path, size, digest)]
            if lost or (item.sheet is not None and not (self.target / item.sheet).is_file()):
                return "result missing or changed"
            return None if self._is_same(self.source / item.source, done) else "photo changed"
        except OSError:
            return "unreadable"  # converting it will say why

    def _is_same(self, photo: Path, done: Done) -> bool:
        status = photo.stat()
        if status.st_size != done.bytes:
            return False
        return (self.trust_times and status.st_mtime_ns == done.mtime_ns) or _checksum(photo) == done.sha256

    def _is_there(self, path: Path, size: int, digest: str) -> bool:
        return path.is_file() and path.stat().st_size == size and not (self.verify and _checksum(path) != digest)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
