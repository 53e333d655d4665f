"""The child process that holds torch and the GPU. Started and spoken to by `client.py`.

Requests come as JSON lines on standard input and are done in turn, but for "produce": of these a few overlap.
    {"id": 1, "op": "convert", "source": PATH, "output": PATH, "settings": {...}, "overwrite": false}
    {"id": 2, "op": "preview", "source": PATH, "output": PATH, "settings": {...}, "width": 768}
    {"id": 3, "op": "split", "source": PATH, "output": PATH}
    {"id": 4, "op": "hello"}
    {"id": 5, "op": "inspect", "device": "auto"}
    {"id": 6, "op": "warm_up"}
    {"id": 7, "op": "produce", "work": {...}}       these three are of library/service.py
    {"id": 8, "op": "contact", "sheet": {...}}
    {"id": 9, "op": "devices"}
Events go out as JSON lines on standard output:
    {"id": 1, "event": "progress", "fraction": 0.5, "stage": "Restoring light"}
    {"id": 1, "event": "done", "result": {...}}
    {"id": 1, "event": "error", "error": "PhotoError", "problem": "...", "next_step": "..."}
Both are ASCII. Standard error is a log for humans. When standard input ends (the parent closed it, or died) the process removes
its temporary file and ends at once, whatever it is doing.
"""

from __future__ import annotations

import json
import os
import platform
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, NoReturn

from .convert import convert
from .decode_limit import giving_up
from .errors import HdrError, PhotoError, WorkerError
from .inspection import inspect_runtime
from .library import service
from .library.together import told
from .runtime import REQUIREMENTS, package_of, require
from .settings import Conversion, ConvertSettings, Progress
from .split_file import split_file
from .temporary import remove_temporary

IDLE = 60.0  # seconds without a request after which the GPU's memory is given back


def main() -> NoReturn:
    """Serve until standard input ends."""
    if hasattr(os, "nice"):
        os.nice(5)  # whoever waits for it, such as Blender's window, stays live; on Windows the client sees to that
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the parent's terminal is the parent's to answer
    requests, events = _take_pipes()
    Worker(events).serve(requests)


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Keep the pipes for the protocol: what a library prints goes to the log, and it reads nothing from us."""
    requests, events = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, events


class Worker:
    """Reads requests in a thread, so that it hears of the parent's end while the main thread converts."""

    def __init__(self, events: IO[bytes]) -> None:
        self._events = events
        self._speaks = threading.Lock()
        self._requests: queue.Queue[bytes] = queue.Queue()
        self._outputs: dict[int | None, tuple[Path, ...]] = {}  # what is being written, by request
        self._photos = ThreadPoolExecutor(told() or 1, "photo")
        self._under_way: set[Future[None]] = set()

    def serve(self, requests: IO[bytes]) -> NoReturn:
        threading.Thread(target=self._listen, args=(requests,), daemon=True).start()
        while True:
            try:
                request = self._requests.get(timeout=IDLE)
            except queue.Empty:
                if not all(photo.done() for photo in self._under_way):
                    continue
                _give_back()
                request = self._requests.get()
            self._under_way = {photo for photo in self._under_way if not photo.done()}
            if _may_overlap(request):
                self._under_way.add(self._photos.submit(self._answer, request))
            else:
                wait(self._under_way)
                self._answer(request)

    def _listen(self, requests: IO[bytes]) -> None:
        for line in requests:
            self._requests.put(line)
        self._leave()

    def _leave(self) -> NoReturn:
        for outputs in list(self._outputs.values()):
            for output in outputs:
                remove_temporary(output, os.getpid(), patience=10.0)
        os._exit(0)  # the main thread may be deep in torch: it cannot be asked

    def _send(self, request_id: int | None, event: str, **fields: object) -> None:
        line = json.dumps({"id": request_id, "event": event, **fields}).encode("ascii") + b"\n"
        try:
            with self._speaks:
                self._events.write(line)
                self._events.flush()
        except OSError:  # nobody listens any more
            self._leave()

    def _answer(self, line: bytes) -> None:
        request_id: int | None = None
        try:
            request = _parse(line)
            request_id = _id(request)
            with giving_up(lambda error: self._give_up(request_id, error)):
                self._send(request_id, "done", result=self._do(request_id, request))
        except HdrError as error:
            self._send_error(request_id, error)
        except Exception as error:  # noqa: BLE001  (the end of the line: the parent must hear of anything that went wrong)
            traceback.print_exc()
            problem = f"The conversion failed unexpectedly ({type(error).__name__}: {error})."
            self._send_error(request_id, WorkerError(problem, "Report this, with the worker's log and the photo."))

    def _give_up(self, request_id: int | None, error: PhotoError) -> NoReturn:
        """A file hangs its decoder, and so this process, which the next request replaces."""
        print(error, file=sys.stderr, flush=True)
        self._send_error(request_id, error)
        self._leave()

    def _send_error(self, request_id: int | None, error: HdrError) -> None:
        self._send(request_id, "error", error=type(error).__name__, problem=error.problem, next_step=error.next_step)

    def _do(self, request_id: int | None, request: Mapping[str, Any]) -> dict[str, Any]:
        operation = request.get("op")
        if operation == "hello":
            return _versions()
        if operation == "inspect":
            return asdict(inspect_runtime(request.get("device", "auto")))
        if operation == "warm_up":
            return {**_versions(), "device": _warm_up()}
        if operation not in ("convert", "preview", "split", *service.OPERATIONS):
            raise WorkerError(f"The worker knows no operation {operation!r}.", "Update the add-on, then restart it.")

        def tell(fraction: float, stage: str) -> None:
            self._send(request_id, "progress", fraction=fraction, stage=stage)

        try:
            if operation in service.OPERATIONS:
                with _well_formed():
                    task = service.task(request)
                self._outputs[request_id] = task.outputs
                return task.run(tell)
            source, output = _paths(request)
            self._outputs[request_id] = (output,)
            if operation == "split":
                return asdict(split_file(source, output))
            made = _previewed if operation == "preview" else _converted
            return asdict(made(request, source, output, tell))
        finally:
            self._outputs.pop(request_id, None)


def _may_overlap(line: bytes) -> bool:
    try:
        return _parse(line).get("op") == "produce"
    except WorkerError:
        return False  # whoever answers it says so


def _converted(request: Mapping[str, Any], source: Path, output: Path, tell: Progress) -> Conversion:
    settings, overwrite = _conversion(request)
    return convert(source, output, settings, overwrite=overwrite, progress=tell)


def _previewed(request: Mapping[str, Any], source: Path, output: Path, tell: Progress) -> Conversion:
    with _well_formed():
        settings, width = ConvertSettings(**request["settings"]), int(request["width"])
    require("numpy")
    from .preview import preview

    return preview(source, output, width, settings, progress=tell)


def _warm_up() -> str:
    from .reconstruct import warm_up

    return warm_up()


def _give_back() -> None:
    """Nothing was asked for in a while: other programs, and Blender's own renders, may need the GPU's memory."""
    reconstruct = sys.modules.get(f"{__package__}.reconstruct")
    if reconstruct is not None:
        reconstruct.release_memory()


def _parse(line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"no JSON: {error}") from error
    if not isinstance(request, dict):
        raise _malformed("no JSON object")
    return request


def _id(request: Mapping[str, Any]) -> int | None:
    given = request.get("id")
    if not isinstance(given, int | None):
        raise _malformed(f"its id is no number: {given!r:.40}")
    return given


def _paths(request: Mapping[str, Any]) -> tuple[Path, Path]:
    with _well_formed():
        return Path(request["source"]), Path(request["output"])


def _conversion(request: Mapping[str, Any]) -> tuple[ConvertSettings, bool]:
    with _well_formed():
        return ConvertSettings(**request["settings"]), bool(request["overwrite"])


@contextmanager
def _well_formed() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _malformed(f"{type(error).__name__}: {error}") from error


def _malformed(why: str) -> WorkerError:
    return WorkerError(f"The worker was sent a request that it cannot read ({why}).", "Update the add-on, then restart it.")


def _versions() -> dict[str, str]:
    for module in REQUIREMENTS:
        require(module)
    return {"Python": platform.python_version(), **{module: version(package_of(module)) for module in REQUIREMENTS}}
