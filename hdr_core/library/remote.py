"""A store that fsspec reaches: an object store, another machine, an archive."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from ..errors import HdrError, PhotoError, RuntimeMissingError
from ..photo_folder import MARK_WITHIN, holds_mark, is_photo_name, may_be_result
from .store import Stamp, Store, by_folder, cube_of

WHOLE_OR_NOT = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss"})
"""Stores in which an object appears when all of it was sent, and not before. In others a file is sent, then renamed."""

_VARIABLES = re.compile(
    r"(AWS|AZURE|GOOGLE|GCS|GCSFS|S3|FSSPEC|OCI|OSS|HF)_\w+|XDG_CONFIG_HOME|(ALL|HTTPS?|NO)_PROXY", re.IGNORECASE
)
_VERSIONS = (
    "ETag",
    "etag",
    "md5Hash",
    "content_md5",
    "generation",
    "mtime",
    "LastModified",
    "last_modified",
    "modified",
    "CRC",
)
_BLOCK = 2**22


@dataclass(frozen=True)
class Remote:
    """fs: fsspec's file system; root: its path of the store; url: as it was given."""

    url: str
    fs: Any = field(compare=False, repr=False)
    root: str

    trusts_stamps = True

    @classmethod
    def at(cls, url: str) -> Remote:
        """Raises RuntimeMissingError where a package is missing, PhotoError for a URL of no known kind."""
        url = url if url.endswith("://") else url.rstrip("/")
        fs, root = file_system(url)
        return cls(url, fs, root.rstrip("/"))

    @property
    def name(self) -> str:
        return PurePosixPath(self.root).name

    def __str__(self) -> str:
        return self.url

    def whole(self, path: str) -> str:
        here, colons, rest = self.url.partition("::")  # of zip://photos::s3://bucket/all.zip
        return f"{here if here.endswith('/') else here + '/'}{path}{colons}{rest}"

    def photos(self, apart: Collection[Store], *, recursive: bool) -> Iterator[tuple[str, list[str]]]:
        not_into = [f"{store.root}/" for store in apart if isinstance(store, Remote) and store.fs is self.fs]
        not_into = [root for root in not_into if root != f"{self.root}/"]
        chosen = [
            path
            for path in self._files
            if (recursive or "/" not in path)
            and is_photo_name(PurePosixPath(path))
            and not any(part.startswith(".") for part in path.split("/")[:-1])
            and not any(self._inside(path).startswith(root) for root in not_into)
            and not (may_be_result(path) and self._is_ours(path))
        ]
        if not self._files:
            raise PhotoError(f'There is nothing at "{self.url}".', "Check the address, and that you may list what is there.")
        yield from by_folder(chosen)

    def cube(self, path: str) -> tuple[str, ...]:
        return cube_of(path, self._files.__contains__)

    def stamp(self, path: str) -> tuple[int, Stamp]:
        found = self._files.get(path)
        if found is None:
            raise FileNotFoundError(self.whole(path))
        return found

    def checksum(self, path: str) -> str:
        digest = hashlib.sha256()
        with reaching(self.whole(path)), self.fs.open(self._inside(path), "rb", block_size=_BLOCK) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def make_folder(self, path: str) -> None:
        """They come with the files in them."""

    def _inside(self, path: str) -> str:
        return f"{self.root}/{path}" if self.root else path

    @cached_property
    def _files(self) -> dict[str, tuple[int, Stamp]]:
        """All files, with size and stamp, asked for once: a million questions, one for each, would take hours."""
        with reaching(self.url):
            try:
                self.fs.invalidate_cache()
                found: Mapping[str, Mapping[str, Any]] = self.fs.find(self.root, detail=True)
            except FileNotFoundError:
                return {}
        return {
            path.removeprefix(self.root).lstrip("/"): (int(facts.get("size") or 0), _stamp(facts))
            for path, facts in found.items()
            if facts.get("type") == "file"
        }

    def _is_ours(self, path: str) -> bool:
        with reaching(self.whole(path)):
            return holds_mark(self.fs.cat_file(self._inside(path), start=0, end=MARK_WITHIN))


def storage_variables() -> dict[str, str]:
    """What a worker, which otherwise knows little of its parent's environment, has to know of it to reach them."""
    return {name: value for name, value in os.environ.items() if _VARIABLES.fullmatch(name)}


def file_system(url: str) -> tuple[Any, str]:
    """What fsspec has for a URL, and the path in it. Raises RuntimeMissingError or PhotoError."""
    try:
        import fsspec
    except ImportError as error:
        raise RuntimeMissingError(
            f'"{url}" needs fsspec, which this Python lacks.', "Install it with: python -m pip install fsspec"
        ) from error
    if url.startswith("memory://"):
        raise PhotoError(f'"{url}" is the memory of one process.', "Give a place that workers reach, too.")
    try:
        return fsspec.url_to_fs(url)
    except ImportError as error:  # it says which package
        raise RuntimeMissingError(
            f'"{url}" cannot be reached: {error}.', "Install that with pip, for all that convert."
        ) from error
    except Exception as error:
        raise PhotoError(
            f'"{url}" cannot be reached: {error}.', "Check the address; https://filesystem-spec.readthedocs.io"
        ) from error


@contextmanager
def reaching(what: str) -> Iterator[None]:
    """Whatever a store's library raises becomes a PhotoError; only FileNotFoundError and HdrError pass."""
    try:
        yield
    except (HdrError, FileNotFoundError):
        raise
    except ImportError as error:
        raise RuntimeMissingError(
            f'"{what}" cannot be reached: {error}.', "Install that with pip, for all that convert."
        ) from error
    except Exception as error:
        raise PhotoError(
            f'"{what}" cannot be reached: {type(error).__name__}: {error}.',
            "Check the address, the network, and the credentials that its library finds (for s3:// AWS_PROFILE and the like).",
        ) from error


def _stamp(facts: Mapping[str, Any]) -> Stamp:
    """What a listing says of a file's version; "" where it says nothing."""
    return next((f"{name} {facts[name]}" for name in _VERSIONS if facts.get(name)), "")
