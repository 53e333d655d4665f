"""What is to be done: the photos of a folder, each with its rule and the files that become of it. Looks, and writes nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..errors import OutputError, PhotoError
from ..photo_folder import PHOTO_SUFFIXES, SHEET_SUFFIX
from ..projection.face_files import cube_name
from ..settings import Projection
from .patterns import matches
from .settings import Format, LibrarySettings, Size
from .store import Store
from .texture_names import data_maps

_SIZE = re.compile(r"_\d{1,2}k$", re.IGNORECASE)


@dataclass(frozen=True)
class Output:
    """A file to make; `path` is below the target, its parts joined by "/"."""

    path: str
    size: Size
    format: Format


@dataclass(frozen=True)
class Item:
    """A photo; `source` is its path below the source folder. projection: as rules and settings say, before it is looked at.

    clash: why it cannot be converted: another photo has its outputs already. cube: the six files of the cube map that
    it stands for.
    """

    source: str
    projection: Projection
    outputs: tuple[Output, ...]
    sheet: str | None
    clash: OutputError | None = None
    cube: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """All that is read of it."""
        return self.cube or (self.source,)


@dataclass(frozen=True)
class Plan:
    """left_out: pictures that are not to be converted, with why."""

    items: tuple[Item, ...]
    left_out: tuple[tuple[str, str], ...]


def make_plan(source: Store, apart: Collection[Store], settings: LibrarySettings) -> Plan:
    """The plan for the photos in `source`, in order of their paths; stores `apart` hold results and records.

    Raises PhotoError where there are none.
    """
    items, left_out, taken = [], [], dict[str, str]()
    for folder, names in _photos(source, apart, settings):
        stems = {PurePosixPath(name).stem for name in names}
        data = data_maps(sorted(stems))
        faces = set[str]()
        for name in names:
            path = f"{folder}{name}"
            rule = next((rule for rule in settings.rules if matches(path, [rule.pattern])), None)
            if rule is None and PurePosixPath(name).stem in data:
                left_out.append((path, f"it looks like {data[PurePosixPath(name).stem]}, which holds no light"))
            else:
                projection = rule.projection if rule is not None else settings.convert.projection
                may_be_cube = settings.may_be_cube(projection)
                if may_be_cube and path in faces:
                    continue  # its cube map is converted by the first of its six files
                cube = source.cube(path) if may_be_cube else ()
                faces.update(cube)
                stem = _stem_of(path, cube, source, stems)
                items.append(replace(_item(path, stem, projection, settings, taken, stems), cube=cube))
    if not items:
        suffixes = ", ".join(sorted(PHOTO_SUFFIXES))
        raise PhotoError(
            f'There are no photos in "{source}".' if not left_out else f'All pictures in "{source}" are left out.',
            f"Give a folder with {suffixes} files, and patterns that match some."
            if not left_out
            else "Give a rule for those that hold light all the same.",
        )
    return Plan(tuple(items), tuple(left_out))


def _photos(source: Store, apart: Collection[Store], settings: LibrarySettings) -> Iterator[tuple[str, list[str]]]:
    """Each folder of `source`, as "" or "a/b/", with the names of its photos that the settings want."""
    for folder, names in source.photos(apart, recursive=settings.recursive):
        chosen = sorted(name for name in names if _is_chosen(f"{folder}{name}", settings))
        if chosen:
            yield folder, chosen


def _is_chosen(path: str, settings: LibrarySettings) -> bool:
    return (not settings.include or matches(path, settings.include)) and not matches(path, settings.exclude)


def _stem_of(path: str, cube: tuple[str, ...], source: Store, stems: set[str]) -> str:
    """Its path without a suffix; of a cube map with what its six files, or else their folder, are called."""
    folder, slash, name = path.removesuffix(PurePosixPath(path).suffix).rpartition("/")
    if cube:
        common = cube_name(map(Path, cube)) or PurePosixPath(folder).name or source.name
        name = common if common and common not in stems else name
    return f"{folder}{slash}{name}"


def _item(
    path: str, stem: str, projection: Projection, settings: LibrarySettings, taken: dict[str, str], stems: set[str]
) -> Item:
    """`taken`: whose every output is. Of two photos that differ only in their suffix, one would replace the other.

    stem: of its outputs, with their folder. stems: of the photos in its folder.
    """
    folder, slash, name = stem.rpartition("/")
    outputs = tuple(
        Output(f"{folder}{slash}{_sized(name, size, stems)}.{kind}", size, kind)
        for size in settings.sizes
        for kind in settings.formats
    )
    sheet = f"{stem}{SHEET_SUFFIX}" if settings.sheet else None
    names = [output.path.casefold() for output in outputs]
    first = next((taken[name] for name in names if name in taken), None)
    if first is not None:
        clash = OutputError(f'Its output would replace that of "{PurePosixPath(first).name}".', "Rename one of the two.")
        return Item(path, projection, outputs, sheet, clash)
    taken.update(dict.fromkeys(names, path))
    return Item(path, projection, outputs, sheet)


def _sized(stem: str, size: Size, stems: set[str]) -> str:
    """plaza_1k of plaza, and hall_1k of hall_4k, as libraries call it, unless that is another photo."""
    if size == "original":
        return stem
    other = _SIZE.sub(f"_{size}", stem)
    return other if other != stem and other not in stems else f"{stem}_{size}"
