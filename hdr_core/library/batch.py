"""A library being converted: the plan, the workers, the journal and the report, driven by whoever calls `poll`."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ..atomic import output_error
from ..client import WorkerClient
from ..errors import Cancelled, DiskFullError, HdrError, OutputError, RuntimeMissingError, WeightsError
from ..temporary import remove_temporary
from ..version import __version__
from .changes import Changes
from .journal import Journal, read_history
from .pace import Pace
from .places import Places
from .plan import Item, Plan, make_plan
from .pool import MakeWorker, Pool, Task, Under
from .report import write_reports
from .settings import LibrarySettings
from .work import Failed, File, Finished, Product, Work

_SLICE = 0.05  # seconds: how long `poll` looks for photos to convert before it returns
_PATIENCE = 0.02  # seconds between polls, where the caller has nothing else to do
_DEFAULTS = LibrarySettings()
_FATAL = (DiskFullError, RuntimeMissingError, WeightsError)  # no other photo would fare better


@dataclass(frozen=True)
class Snapshot:
    """How far a library is. Photos: all of the plan; done now; skipped, because they were done; failed.

    per_minute, seconds_left: None or 0 while it cannot be told. under_way: what each worker does.
    """

    photos: int
    done: int
    skipped: int
    failed: int
    per_minute: float
    seconds_left: float | None
    under_way: tuple[Under, ...]

    @property
    def fraction(self) -> float:
        """Of all photos, in [0, 1]."""
        part = sum(photo.fraction for photo in self.under_way)
        return min(1.0, (self.done + self.skipped + self.failed + part) / self.photos)


class Batch:
    """One run over a library. Call `poll` until it returns True, or `stop`; then `close`, or use it as a context.

    Only one run at a time may have the same records.
    """

    def __init__(
        self,
        source: Path,
        target: Path,
        settings: LibrarySettings,
        *,
        records: Path | None = None,
        workers: int | None = None,
        make_worker: MakeWorker | None = None,
        force: bool = False,
        trust_times: bool = False,
        verify: bool = False,
        overwrite: bool = False,
        contact_sheet: bool = False,
    ) -> None:
        """Plan the run, and open its journal. records: the folder of journal and reports, beside the target if None.

        workers: how many processes; None: one for each GPU, or one. make_worker: makes their clients; by default they run this
        Python. force, trust_times, verify: see `Changes`. overwrite: replace files that this software did not write, too.
        Raises PhotoError where there are no photos, OutputError where the target cannot be made or another run is at it.
        """
        self.places = Places.of(source, target, records)
        self.plan: Plan = make_plan(self.places.source, self.places.target, self.places.records, settings)
        self.settings = settings
        self._overwrite = overwrite
        self._contact_sheet = contact_sheet
        history = read_history(self.places.records)
        self._changes = Changes(self.places.source, self.places.target, settings, history, force, trust_times, verify)
        self._make_folder(self.places.target)
        self._journal = Journal(self.places.records)
        self._items = {item.source: item for item in self.plan.items}
        self._ahead: Iterator[Item] = iter(self.plan.items)
        self._wanted: deque[Item] = deque()
        self._began: dict[str, tuple[float, int]] = {}  # when, and the photo's time of change
        self._pool = Pool(make_worker or _this_python, workers, settings.convert.device)
        self._pace = Pace()
        self._counts = {"done": 0, "skipped": 0, "failed": 0}
        self._news: deque[Finished | Failed] = deque()
        self._all_looked_at = False
        self._ended = False
        try:
            self._make_folder(self.places.thumbnails)
            self._remove_leftovers()
            self._journal.append(
                "run", time=_now(), software=__version__, source=str(self.places.source), settings=settings.plain()
            )
        except BaseException:
            self._journal.close()
            raise

    def poll(self) -> bool:
        """Go on, without blocking for long. True when all photos are done and the reports are written.

        Raises the HdrError of what no photo can do without: a full disk, a Python that lacks packages. Call `stop` then.
        """
        if self._ended:
            return True
        ended = self._pool.poll()
        for task, outcome in ended:
            self._take_in(task, outcome)
        for _, outcome in ended:
            if isinstance(outcome, _FATAL):
                raise outcome
        until = time.monotonic() + _SLICE
        while time.monotonic() < until and self._look_ahead():
            pass
        while self._wanted and self._pool.ready:
            self._hand_out(self._wanted.popleft())
        if self._all_looked_at and not self._wanted and not self._pool.busy:
            self._end("finished")
            return True
        return False

    def news(self) -> list[Finished | Failed]:
        """What ended since last asked."""
        return [self._news.popleft() for _ in range(len(self._news))]

    def snapshot(self) -> Snapshot:
        """How far it is now."""
        counts, photos = self._counts, len(self.plan.items)
        left = photos - sum(counts.values())
        seconds = self._pace.seconds_left(left)
        return Snapshot(
            photos, **counts, per_minute=self._pace.per_minute, seconds_left=seconds, under_way=self._pool.under_way()
        )

    def stop(self) -> None:
        """Stop at once. What is done stays done, the reports say how far it got, and another run goes on from there."""
        if not self._ended:
            self._pool.close()
            self._end("stopped")

    def close(self) -> None:
        """`stop`, and let others have the records. Safe to call twice."""
        try:
            self.stop()
        finally:
            self._ended = True
            self._pool.close()
            self._journal.close()

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _look_ahead(self) -> bool:
        """Look at the next photo, whether it needs converting. False where enough of them wait, or all were looked at."""
        if len(self._wanted) >= 4 * max(1, self._pool.size):
            return False
        item = next(self._ahead, None)
        if item is None:
            self._all_looked_at = True
            return False
        if item.clash is not None:
            self._fail(item.source, item.clash)
        elif self._changes.reason(item) is None:
            self._counts["skipped"] += 1
        else:
            self._wanted.append(item)
        return True

    def _hand_out(self, item: Item) -> None:
        if not self._began and not self._counts["done"]:
            self._pace.begin()
        source = self.places.source / item.source
        try:
            for output in item.outputs:
                self._make_folder((self.places.target / output.path).parent)
            changed = source.stat().st_mtime_ns
        except OutputError as error:
            self._fail(item.source, error)
            return
        except OSError:
            changed = 0  # converting it says why
        pid = self._pool.submit(Task(item.source, self._work(item, source)))
        self._began[item.source] = time.monotonic(), changed
        self._journal.append("start", durable=False, source=item.source, pid=pid)

    def _work(self, item: Item, source: Path) -> Work:
        target = self.places.target
        return Work(
            source=str(source),
            files=tuple(File(str(target / output.path), output.size, output.format) for output in item.outputs),
            settings=replace(self.settings.convert, projection=item.projection),
            others=self.settings.others,
            sheet=str(target / item.sheet) if item.sheet is not None else "",
            thumbnail=str(self.places.thumbnail(item.source)),
            preview=str(self.places.preview(item.source)) if self.settings.previews else "",
            overwrite=self._overwrite,
        )

    def _take_in(self, task: Task, outcome: Product | HdrError) -> None:
        began, changed = self._began.pop(task.key)
        if isinstance(outcome, _FATAL):
            return
        if isinstance(outcome, HdrError):
            self._fail(task.key, outcome)
            return
        target = self.places.target
        files = tuple(replace(made, path=Path(made.path).relative_to(target).as_posix()) for made in outcome.files)
        product = replace(outcome, files=files)
        self._journal.append(
            "done",
            source=task.key,
            signature=self.settings.signature(self._items[task.key].projection),
            mtime_ns=changed,
            seconds=round(time.monotonic() - began, 3),
            time=_now(),
            product=product.plain(),
        )
        self._counts["done"] += 1
        self._pace.count()
        self._news.append(Finished(task.key, product))

    def _fail(self, source: str, error: HdrError) -> None:
        self._journal.append(
            "failed", source=source, error=type(error).__name__, problem=error.problem, next_step=error.next_step, time=_now()
        )
        self._counts["failed"] += 1
        self._news.append(Failed(source, error))

    def _end(self, reason: str) -> None:
        self._ended = True
        self._journal.append("end", reason=reason, time=_now())
        sheets = self._contact_sheets if self._contact_sheet and reason == "finished" else None
        write_reports(self.places, self.plan, self.settings, reason, draw_sheets=sheets)

    def _contact_sheets(self, pages: list[Mapping[str, object]]) -> None:
        client = self._pool.client()
        for page in pages:
            client.ask({"op": "contact", "sheet": page}, dict, [Path(str(page["output"]))]).wait()
        client.close()

    def _remove_leftovers(self) -> None:
        """What a run that was killed with all its workers left half-written."""
        for source, pid in self._changes.history.begun.items():
            item = self._items.get(source)
            for path in self._work(item, self.places.source / source).written if item is not None else ():
                remove_temporary(path, pid)

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f'The folder "{folder}" cannot be made: {error.strerror}.'
            raise (
                output_error(folder, error)
                if isinstance(output_error(folder, error), DiskFullError)
                else OutputError(problem, "Choose another folder.")
            ) from error


def convert_library(
    source: Path | str,
    target: Path | str,
    settings: LibrarySettings = _DEFAULTS,
    *,
    progress: Callable[[Snapshot], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    **options: object,
) -> list[Finished | Failed]:
    """Convert the photos of a folder, and wait. `options` are those of `Batch`; `progress` is told several times a second.

    Returns what ended in this run; photos that were done before and have not changed are not among it.
    Raises the HdrError of what concerns all photos, and Cancelled when `cancelled` says so: what is done then stays done.
    """
    with Batch(Path(source), Path(target), settings, **options) as batch:  # type: ignore[arg-type]
        ended: list[Finished | Failed] = []
        while not batch.poll():
            ended += batch.news()
            if progress is not None:
                progress(batch.snapshot())
            if cancelled is not None and cancelled():
                raise Cancelled("The batch was cancelled.", "Start it again to go on from there.")
            time.sleep(_PATIENCE)
        return ended + batch.news()


def _this_python(variables: Mapping[str, str]) -> WorkerClient:
    return WorkerClient(Path(sys.executable), variables=variables)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
