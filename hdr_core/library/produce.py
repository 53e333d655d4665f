"""One photo of a library becomes its files. Runs in the worker, which has numpy and torch."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..convert import convert_with
from ..errors import PhotoError, ProjectionError
from ..projection.face_files import cube_name, face_files
from ..runtime import require
from ..settings import ConvertSettings, Progress
from .store import checksum, checksum_of_all
from .together import room
from .work import Product, Work

if TYPE_CHECKING:
    from ..photo import HdrPicture, Photo


def produce(work: Work, progress: Progress | None = None) -> Product:
    """Convert the photo of `work` and write all that it asks for, each file whole or not at all.

    Raises an HdrError, as `hdr_core.convert` does; files that were written before stay.
    """
    for module in ("numpy", "torch", "pyvips", "OpenEXR"):
        require(module)
    if not work.is_remote:
        return _produce(work, progress)
    from .staging import staged

    with staged(work) as staging:
        return staging.deliver(_produce(staging.work, progress))


def _produce(work: Work, progress: Progress | None) -> Product:
    from .writer import LibraryWriter

    source = Path(work.source)
    try:
        files = list((face_files(source) or {}).values()) if work.cube else [source]
        size = sum(file.stat().st_size for file in files)
        digest = checksum_of_all(map(checksum, files))  # before it is read: a change meanwhile is then found next time
    except OSError as error:
        raise PhotoError(
            f'"{source}" cannot be read: {error.strerror}.', "Check the path, and that you may read it."
        ) from error
    writer = LibraryWriter(work)
    with ExitStack() as taken:

        def choose(picture: Photo | HdrPicture) -> ConvertSettings:
            height, width = _size(picture)
            taken.enter_context(room.of(height * width))
            return _choose(picture, work)

        done = convert_with(source, writer, choose, progress=progress)
    if work.sheet:
        from ..sheet.files import write_sheet

        original = next(file for file in work.files if file.size == "original" and file.format == "exr")
        write_sheet(source, original.path, work.sheet, overwrite=work.overwrite)
    return Product(done, digest, size, tuple(writer.made), writer.tags, tuple(writer.left_out))


def _choose(picture: Photo | HdrPicture, work: Work) -> ConvertSettings:
    """A picture of 2:1 is a panorama; of others, `others` and the picture itself say what becomes of them.

    Raises ProjectionError where it would be converted in the name of five others, and cannot be a cube's.
    """
    from ..photo import HdrPicture

    height, width = _size(picture)
    if work.cube and width != height:
        raise ProjectionError(
            f"By its name it is one of a cube map's six files, but it is {width} x {height}, and a cube's faces are square.",
            f'If the six are photos of their own, rename them, or give a rule, such as "{_pattern(work.source)}=perspective".',
        )
    if work.settings.projection != "auto" or width == 2 * height or work.others == "sphere":
        return work.settings
    if work.others != "auto":
        return replace(work.settings, projection=work.others)
    from ..seam import edges_join

    joins = not isinstance(picture, HdrPicture) and not _stands_alone(picture) and edges_join(picture.pixels)
    return replace(work.settings, projection="tileable" if joins else "flat")


def _pattern(source: str) -> str:
    """One that matches the six files."""
    return f"{cube_name((face_files(Path(source)) or {}).values())}*"


def _size(picture: Photo | HdrPicture) -> tuple[int, int]:
    from ..photo import HdrPicture

    height, width = (picture.light if isinstance(picture, HdrPicture) else picture.pixels).shape[:2]
    return height, width


def _stands_alone(picture: Photo) -> bool:
    """Whether nothing of it reaches its edges, as of a decal: these then say nothing of whether they join."""
    alpha = picture.alpha
    return alpha is not None and not (alpha[[0, -1]].any() or alpha[:, [0, -1]].any())
