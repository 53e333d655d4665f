"""A library being converted: the plan, the workers, the journal and the report, driven by whoever calls `poll`."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ..client import WorkerClient
from ..errors import Cancelled, DiskFullError, HdrError, OutputError, RuntimeMissingError, WeightsError
from ..temporary import remove_temporary
from ..version import __version__
from .changes import Changes
from .journal import Journal, read_history
from .pace import Pace
from .places import Places
from .plan import Item, Plan, make_plan
from .pool import MakeWorker, Pool
from .remote import Remote, storage_variables
from .report import write_reports
from .settings import LibrarySettings
from .snapshot import Snapshot
from .store import Stamp, make_folder, stamp_of_all
from .work import Failed, File, Finished, Product, Work
from .workers import Task, WorkerNews, Workers

_SLICE = 0.05  # seconds: how long `poll` looks for photos to convert before it returns
_PATIENCE = 0.02  # seconds between polls, where the caller has nothing else to do
_DEFAULTS = LibrarySettings()
_FATAL = (DiskFullError, RuntimeMissingError, WeightsError)  # no other photo would fare better

Event = Finished | Failed | WorkerNews


class Batch:
    """One run over a library. Call `poll` until it returns True, or `stop`; then `close`, or use it as a context.

    Only one run at a time may have the same records.
    """

    def __init__(
        self,
        source: Path | str,
        target: Path | str,
        settings: LibrarySettings,
        *,
        records: Path | None = None,
        workers: int | None = None,
        make_worker: MakeWorker | None = None,
        ray: str | None = None,
        force: bool = False,
        trust_times: bool = False,
        verify: bool = False,
        overwrite: bool = False,
        contact_sheet: bool = False,
    ) -> None:
        """Plan the run, and open its journal. source, target: folders, or URLs that fsspec knows. records: the folder of
        journal and reports, beside the target if None.

        workers: how many processes; None: one for each GPU, or one. make_worker: makes their clients; by default they run this
        Python. ray: the address of a Ray cluster, whose machines convert, see `RayPool`. force, trust_times, verify: see
        `Changes`. overwrite: replace files that this software did not write, too.
        Raises PhotoError where there are no photos, OutputError where the target cannot be made or another run is at it.
        """
        self.places = Places.of(source, target, records)
        self.plan: Plan = make_plan(self.places.source, self.places.apart, settings)
        self.settings = settings
        self._overwrite = overwrite
        self._contact_sheet = contact_sheet
        history = read_history(self.places.records)
        self._changes = Changes(self.places.source, self.places.target, settings, history, force, trust_times, verify)
        self.places.target.make_folder("")
        self._journal = Journal(self.places.records)
        self._items = {item.source: item for item in self.plan.items}
        self._ahead: Iterator[Item] = iter(self.plan.items)
        self._wanted: deque[Item] = deque()
        self._began: dict[str, tuple[float, Stamp]] = {}  # when, and the photo as it was then
        self._lost: list[tuple[str, int]] = []  # photos under which a machine was lost, and the process that had them
        self._pool = self._workers(make_worker or _this_python, workers, ray)
        self._pace = Pace()
        self._counts = {"done": 0, "skipped": 0, "failed": 0}
        self._news: deque[Event] = deque()
        self._all_looked_at = False
        self._ended = False
        try:
            make_folder(self.places.thumbnails)
            self._remove_temporary(self._changes.history.begun.items())
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
        for news in self._pool.news():
            self._journal.append("worker", durable=False, worker=news.worker, what=news.what, why=news.why)
            self._news.append(news)
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

    def news(self) -> list[Event]:
        """What ended, and what happened to workers elsewhere, since last asked."""
        return [self._news.popleft() for _ in range(len(self._news))]

    def snapshot(self) -> Snapshot:
        """How far it is now."""
        counts, photos = self._counts, len(self.plan.items)
        left = photos - sum(counts.values())
        return Snapshot(
            photos,
            **counts,
            per_minute=self._pace.per_minute,
            seconds_left=self._pace.seconds_left(left),
            under_way=self._pool.under_way(),
            workers=self._pool.size,
            gpus=self._pool.gpus(),
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
        try:
            for output in item.outputs:
                self.places.target.make_folder(output.path.rpartition("/")[0])
            stamp = stamp_of_all(self.places.source, item.files)[1]
        except OutputError as error:
            self._fail(item.source, error)
            return
        except OSError:
            stamp = ""  # converting it says why
        pid = self._pool.submit(Task(item.source, self._work(item)))
        self._began[item.source] = time.monotonic(), stamp
        self._journal.append("start", durable=False, source=item.source, pid=pid)

    def _workers(self, make: MakeWorker, count: int | None, ray: str | None) -> Workers:
        if ray is not None:
            from .ray_pool import RayPool

            return RayPool(ray, count, self.settings.convert.device, make)
        remote = any(isinstance(store, Remote) for store in (self.places.source, self.places.target))
        return Pool(make, count, self.settings.convert.device, storage_variables() if remote else {})

    def _work(self, item: Item) -> Work:
        target = self.places.target
        return Work(
            source=self.places.source.whole(item.source),
            files=tuple(File(target.whole(output.path), output.size, output.format) for output in item.outputs),
            settings=replace(self.settings.convert, projection=item.projection),
            others=self.settings.others,
            sheet=target.whole(item.sheet) if item.sheet is not None else "",
            thumbnail=str(self.places.thumbnail(item.source)),
            preview=str(self.places.preview(item.source)) if self.settings.previews else "",
            overwrite=self._overwrite,
            cube=bool(item.cube),
        )

    def _take_in(self, task: Task, outcome: Product | HdrError) -> None:
        began, stamp = self._began.pop(task.key)
        self._lost += [(task.key, pid) for pid in task.lost]
        if isinstance(outcome, _FATAL):
            return
        if isinstance(outcome, HdrError):
            self._fail(task.key, outcome)
            return
        outputs = {self.places.target.whole(output.path): output.path for output in self._items[task.key].outputs}
        files = tuple(replace(made, path=outputs[made.path]) for made in outcome.files)
        product = replace(outcome, files=files)
        self._journal.append(
            "done",
            source=task.key,
            signature=self.settings.signature(self._items[task.key].projection),
            stamp=stamp,
            seconds=round(time.monotonic() - began, 3),
            worker=task.worker,
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
        self._remove_temporary(self._lost)
        self._journal.append("end", reason=reason, time=_now())
        sheets = self._contact_sheets if self._contact_sheet and reason == "finished" else None
        write_reports(self.places, self.plan, self.settings, reason, draw_sheets=sheets)

    def _contact_sheets(self, pages: list[Mapping[str, object]]) -> None:
        client = self._pool.client()
        for page in pages:
            client.ask({"op": "contact", "sheet": page}, dict, [Path(str(page["output"]))]).wait()
        client.close()

    def _remove_temporary(self, begun: Iterable[tuple[str, int]]) -> None:
        """What processes that were killed left half-written: the photos that they had begun, and their pids."""
        for source, pid in begun:
            item = self._items.get(source)
            for path in self._work(item).written if item is not None else ():
                remove_temporary(path, pid)


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
    with Batch(source, target, settings, **options) as batch:  # type: ignore[arg-type]
        ended: list[Finished | Failed] = []
        while not batch.poll():
            ended += _of_photos(batch.news())
            if progress is not None:
                progress(batch.snapshot())
            if cancelled is not None and cancelled():
                raise Cancelled("The batch was cancelled.", "Start it again to go on from there.")
            time.sleep(_PATIENCE)
        return ended + _of_photos(batch.news())


def _of_photos(events: list[Event]) -> list[Finished | Failed]:
    return [event for event in events if not isinstance(event, WorkerNews)]


def _this_python(variables: Mapping[str, str]) -> WorkerClient:
    return WorkerClient(Path(sys.executable), variables=variables)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
