"""Asset libraries of worlds: a .blend in each folder of a library, its catalogs, previews, tags, author and licence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from ..hdr_core.library.asset_facts import AssetFacts, Panorama, panoramas
from ..hdr_core.library.places import picture_name
from ..hdr_core.settings import ConvertSettings
from . import facts
from .asset_catalogs import write_catalogs
from .errors import SceneError
from .node_group import Origin
from .world import new_world

FILE_NAME = "hdri_worlds.blend"
_MARK = "LDR to HDRI asset library"


def write_asset_libraries(records: Path, said: AssetFacts) -> list[Path]:
    """Write the .blend files for the panoramas of a library, from its `records`; returns their paths.

    The open file stays as it is.

    Raises OutputError where there is no report, SceneError where a file is in the way that this extension did not write.
    """
    target, found = panoramas(records)
    folders: dict[str, list[Panorama]] = {}
    for panorama in found:
        folders.setdefault(panorama.folder, []).append(panorama)
    catalogs = write_catalogs(target, folders)
    return [_write(target, records, catalogs[folder], inside, said) for folder, inside in folders.items()]


def _write(target: Path, records: Path, catalog: str, inside: list[Panorama], said: AssetFacts) -> Path:
    path = target / inside[0].folder / FILE_NAME
    if path.exists() and not _is_ours(path):
        raise SceneError(f'"{path}" was not made by this extension.', "Move it away, and write the assets again.")
    unfinished = path.with_name(f".{path.name}.tmp.blend")
    with _room_for_names([_name(panorama) for panorama in inside]), _nothing_left_behind():
        worlds = [_asset(target, records, catalog, panorama, said) for panorama in inside]
        mark = bpy.data.texts.new(_MARK)
        bpy.data.libraries.write(
            str(unfinished),
            {*worlds, mark},
            path_remap="NONE" if said.packed else "RELATIVE_ALL",
            fake_user=True,
            compress=True,
        )
    unfinished.replace(path)
    return path


def _asset(target: Path, records: Path, catalog: str, panorama: Panorama, said: AssetFacts) -> bpy.types.World:
    made, file = panorama.conversion, target / panorama.picture
    image = bpy.data.images.load(str(file))
    if said.packed:
        image.pack()
        image.filepath_raw = f"//{file.name}"
    curve = made.input_curve if made.input_curve != "linear" else "auto"  # of an HDR picture none is chosen
    origin = Origin(panorama.source, str(file), ConvertSettings(input_curve=curve, scale=panorama.scale), made.restored)
    world = new_world(_name(panorama), image, origin)
    facts.keep(next(node.node_tree for node in world.node_tree.nodes if node.type == "GROUP"), made)
    world.asset_mark()
    data = world.asset_data
    data.author, data.license, data.catalog_id = said.author, said.license, catalog
    data.description = f"{made.width} x {made.height}, {made.range_after:.0f} stops. {made.restored.in_words()}"
    for tag in (*panorama.tags, f"{round(made.width / 1024)}k" if made.width >= 1024 else "small"):
        data.tags.new(tag, skip_if_exists=True)
    _set_preview(world, records / "thumbnails" / picture_name(panorama.source, "png"))
    return world


def _set_preview(world: bpy.types.World, picture: Path) -> None:
    """The picture as the world's preview. Rendering one takes Blender 13 seconds and more."""
    import numpy as np

    if not picture.is_file():
        return
    image = bpy.data.images.load(str(picture))
    pixels = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(pixels)
    preview = world.preview_ensure()
    preview.image_size = image.size
    preview.image_pixels_float.foreach_set(pixels)
    bpy.data.images.remove(image)


def _name(panorama: Panorama) -> str:
    """The photo's; of a cube map in six files what its result is called."""
    six = panorama.conversion.view.known_from.endswith("six files")
    return Path(panorama.picture if six else panorama.source).stem


def _is_ours(path: Path) -> bool:
    with bpy.data.libraries.load(str(path)) as (inside, _):
        return _MARK in inside.texts


@contextmanager
def _room_for_names(names: list[str]) -> Iterator[None]:
    """Worlds of the open file that are called so are called otherwise meanwhile."""
    moved = [(world, world.name) for name in names if (world := bpy.data.worlds.get(name)) is not None]
    for number, (world, _) in enumerate(moved):
        world.name = f".ldr_to_hdri moved {number}"
    try:
        yield
    finally:
        for world, name in moved:
            world.name = name


@contextmanager
def _nothing_left_behind() -> Iterator[None]:
    """Data-blocks that are made within go again."""
    kinds: tuple[Any, ...] = (bpy.data.worlds, bpy.data.node_groups, bpy.data.images, bpy.data.texts)
    before = [set(kind) for kind in kinds]
    try:
        yield
    finally:
        for kind, known in zip(kinds, before, strict=True):
            for block in set(kind) - known:
                kind.remove(block)
