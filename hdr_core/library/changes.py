"""Which photos need to be converted: what is new, what changed, what was lost."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import PhotoError
from .journal import Done, History
from .plan import Item
from .settings import LibrarySettings
from .store import Store, checksum_of_all, stamp_of_all


@dataclass(frozen=True)
class Changes:
    """force: all do. trust_times: a photo of the same size and time is taken as unchanged, and not read; in stores that tell
    versions apart that is so anyway. verify: results are read and compared with what was written, where otherwise their size
    is enough.
    """

    source: Store
    target: Store
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
            lost = [path for path, size, digest in done.files if not self._is_there(path, size, digest)]
            if lost or (item.sheet is not None and self._size(item.sheet) is None):
                return "result missing or changed"
            return None if self._is_same(item, done) else "photo changed"
        except (OSError, PhotoError):
            return "unreadable"  # converting it will say why

    def _is_same(self, item: Item, done: Done) -> bool:
        size, stamp = stamp_of_all(self.source, item.files)
        if size != done.bytes:
            return False
        trusted = self.trust_times or self.source.trusts_stamps
        if trusted and stamp == done.stamp and stamp != "":
            return True
        return checksum_of_all(map(self.source.checksum, item.files)) == done.sha256

    def _is_there(self, path: str, size: int, digest: str) -> bool:
        return self._size(path) == size and not (self.verify and self.target.checksum(path) != digest)

    def _size(self, path: str) -> int | None:
        try:
            return self.target.stamp(path)[0]
        except (FileNotFoundError, NotADirectoryError):
            return None
