"""One conversion, from what the user asked to what is then in the .blend. At most one runs at a time."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..hdr_core.client import Job
from ..hdr_core.settings import Conversion, ConvertSettings
from . import facts
from .display import ProgressDisplay
from .environment import environment_node
from .errors import SceneError
from .images import load_image, pack_image
from .node_group import Origin
from .paths import Destination, exr_path
from .sources import Source, source_from_file, source_from_image
from .sun_split import is_split, merge
from .worker_session import cancel_work, worker
from .world import WorldMode, check_world, insert_environment


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


@dataclass(eq=False)
class Running:
    """A conversion under way. `scratch` is its own temporary folder; `display` is None where it runs without a window."""

    request: Request
    source: Source
    output: Path
    scratch: Path
    job: Job[Conversion]
    display: ProgressDisplay | None = None

    def show(self) -> None:
        if self.display is not None:
            self.display.show(self.job.fraction, self.job.stage)


@dataclass(frozen=True)
class Finished:
    """What a conversion made: the file, and the data-blocks that show it. `world` is None where none was asked for."""

    conversion: Conversion
    image: bpy.types.Image
    world: bpy.types.World | None


_running: Running | None = None


def running() -> Running | None:
    """The conversion under way, if any."""
    return _running


def start(request: Request) -> Running:
    """Hand the photo to the worker and return at once. The .blend is not touched.

    Raises HdrError for all that can be known to go wrong before: then nothing has been started.
    """
    global _running  # noqa: PLW0603
    if _running is not None:
        raise SceneError("A conversion is running already.", "Wait for its end, or cancel it.")
    if not (request.filepath or request.image):
        raise SceneError("There is no photo to convert.", "Choose a photo, by filepath or image.")
    check_world(_scene(request), request.world)
    client = worker()
    scratch = Path(tempfile.mkdtemp(prefix="ldr_to_hdri_", dir=bpy.app.tempdir or None))
    try:
        source = source_from_image(request.image, scratch) if request.image else source_from_file(request.filepath)
        output = exr_path(
            source, output=request.output, destination=request.destination, folder=request.folder, scratch=scratch
        )
        job = client.convert(source.path, output, request.settings, overwrite=request.overwrite)
        _running = Running(request, source, output, scratch, job)
    finally:
        if _running is None:
            shutil.rmtree(scratch)
    return _running


def finish(running: Running) -> Finished:
    """Wait for the worker, and put what it made into the .blend. Ends the conversion, well or badly.

    Raises the HdrError of its failure: then the .blend is as it was.
    """
    try:
        made = running.job.wait()
        request = running.request
        scene = _scene(request)
        check_world(scene, request.world)  # it may have changed meanwhile
        photo = running.source.label
        image = pack_image(running.output, photo) if request.destination == "PACKED" else load_image(running.output)
        origin = Origin(photo, image.filepath, request.settings, made.restored)
        if request.world != "NONE" and is_split(scene.world):
            merge(scene)  # the lamp is the sun of the picture that goes
        world = insert_environment(scene, request.world, image, origin, name=running.source.stem)
        node = environment_node(world)
        if node is not None:
            facts.keep(node.node_tree, made)
        return Finished(made, image, world)
    finally:
        abort()


def abort() -> None:
    """Stop the conversion under way, if any, and leave nothing of it behind. Safe to call at any time."""
    global _running
    if _running is not None:
        ended, _running = _running, None
        cancel_work()
        shutil.rmtree(ended.scratch, ignore_errors=True)  # Blender empties its temporary folder at exit anyway
        if ended.display is not None:
            ended.display.end()


def _scene(request: Request) -> bpy.types.Scene:
    scene = bpy.data.scenes.get(request.scene)
    if scene is None:
        raise SceneError(f'The scene "{request.scene}" is gone.', "Convert again in the scene that should get the environment.")
    return scene
