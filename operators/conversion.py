"""One conversion, from what the user asked to what is then in the .blend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import bpy

from ..hdr_core.client import Job
from ..hdr_core.settings import Conversion, ConvertSettings
from . import chosen, facts, reports
from .environment import environment_node
from .errors import SceneError
from .images import load_image, pack_image
from .node_state import Origin, keep_origin
from .paths import Destination, exr_path
from .photo_file import stamp
from .sources import Source, source_of
from .sun_split import is_split, merge
from .task import Task
from .worker_session import worker
from .world import WorldMode, check_world, insert_environment

Stamps = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Request:
    """What the user asked for. `filepath` or `image` is given; see the operator's properties for the rest."""

    filepath: str
    image: str
    output: str
    destination: Destination
    folder: str
    world: WorldMode
    settings: ConvertSettings
    overwrite: bool
    scene: str  # by name: pointers do not survive undo, which may happen meanwhile


class ConversionTask(Task[Conversion]):
    """Converts a photo, and lights the scene with it."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = replace(request, settings=replace(request.settings, device=chosen.device()))
        self.title = bpy.path.basename(request.filepath) or request.image
        self.source: Source
        self.output: Path
        self._stamp = ""  # of the photo, before it is read
        self._made: Stamps | None = None

    def shows_the_same(self, request: Request) -> bool:
        """Whether a conversion for `request` would make what this one made, which is still there: the world may differ."""
        same = replace(request, world=self.request.world, settings=self.request.settings) == self.request
        wanted = replace(request.settings, device=self.request.settings.device) == self.request.settings
        return same and wanted and self._made is not None and self._made == _stamps(self.source.path, self.output)

    def again(self, request: Request) -> ConversionTask:
        """As if `request`, for which `shows_the_same` holds, had been converted."""
        task = ConversionTask(request)
        task.source, task.output, task.job, task._stamp = self.source, self.output, self.job, self._stamp
        return task

    def prepare(self) -> None:
        request = self.request
        check_world(self.scene(), request.world)
        worker()  # its Python is there
        self.source = source_of(request.filepath, request.image, self.scratch)
        self._stamp = stamp(self.source.path) if self.source.path.parent != self.scratch else ""
        self.output = exr_path(
            self.source,
            output=request.output,
            destination=request.destination,
            folder=request.folder,
            scratch=self.scratch,
        )

    def send(self) -> Job[Conversion]:
        request = self.request
        return worker().convert(self.source.path, self.output, request.settings, overwrite=request.overwrite)

    def apply(self) -> str:
        scene, request = self.scene(), self.request
        check_world(scene, request.world)  # it may have changed meanwhile
        made, image, origin = self.take_image()
        if request.world != "NONE" and is_split(scene.world):
            merge(scene)  # the lamp is the sun of the picture that goes
        world = insert_environment(scene, request.world, image, origin, name=self.source.stem)
        node = environment_node(world)
        if node is not None:
            facts.keep(node.node_tree, made)
        return reports.conversion(made, image, world)

    def take_image(self) -> tuple[Conversion, bpy.types.Image, Origin]:
        """What the worker made, as an image of the .blend, which carries where it came from."""
        made, photo = self.wait(), self.source.label
        self._made = _stamps(self.source.path, self.output)
        image = pack_image(self.output, photo) if self.request.destination == "PACKED" else load_image(self.output)
        origin = Origin(photo, image.filepath, self.request.settings, made.restored, self._stamp)
        keep_origin(image, origin)
        facts.keep(image, made)
        return made, image, origin

    def scene(self) -> bpy.types.Scene:
        """The scene that asked. Raises SceneError where it is gone."""
        scene = bpy.data.scenes.get(self.request.scene)
        if scene is None:
            raise SceneError(
                f'The scene "{self.request.scene}" is gone.', "Convert again in the scene that should get the environment."
            )
        return scene


def _stamps(*paths: Path) -> Stamps | None:
    """Which files they are, by time and size; None where one is gone, as what lay in a temporary folder is."""
    try:
        return tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in paths)
    except OSError:
        return None
