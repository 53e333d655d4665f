"""Whole libraries of photos: planned, converted by worker processes, journalled, reported. No torch and no numpy here."""

from __future__ import annotations

from .batch import Batch, convert_library
from .settings import LibrarySettings, Rule
from .snapshot import Snapshot
from .work import Failed, Finished

__all__ = ["Batch", "Failed", "Finished", "LibrarySettings", "Rule", "Snapshot", "convert_library"]
