"""Load records into the desk, batch by batch: the transactions, the progress bar, the report at the end.

A batch is one transaction, so stopping at any moment leaves whole tickets only, and the next run goes on.
"""

import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Generic, TypeVar

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ombud.cli.common import err, out, printable
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.search import actions as search
from ombud.transfer import LeftOut, Loaded

BATCH = 500
SHOWN = 10
"""Problems shown on the screen; the report file has all."""

R = TypeVar("R")
T = TypeVar("T")
IMPORTER = Actor.system("import")


@dataclass
class Tally:
    """What a run has done so far."""

    read: int = 0
    left_out: int = 0
    loaded: Loaded = field(default_factory=Loaded)
    first_problems: list[LeftOut] = field(default_factory=list)
    report: IO[str] | None = None
    started: float = field(default_factory=time.perf_counter)

    def add(self, loaded: Loaded) -> None:
        """Count a batch."""
        self.loaded.tickets += loaded.tickets
        self.loaded.comments += loaded.comments
        self.loaded.people += loaded.people
        self.loaded.known += loaded.known
        for entry in loaded.left_out:
            self.leave_out(entry)

    def leave_out(self, entry: LeftOut) -> None:
        """Note a row that does not come in."""
        self.left_out += 1
        if len(self.first_problems) < SHOWN:
            self.first_problems.append(entry)
        if self.report is not None:
            for name, rule in entry.problems.items():
                line = {"line": entry.line, "key": entry.key, "field": name, "reason": rule}
                self.report.write(json.dumps(line, ensure_ascii=False) + "\n")

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.perf_counter() - self.started

    @property
    def rate(self) -> float:
        """Rows per second."""
        return self.read / max(self.seconds, 0.001)


def load(
    desk: Desk,
    entries: Iterable[R | LeftOut],
    write: Callable[[list[R]], Loaded],
    tally: Tally,
    moved: Callable[[], None] = lambda: None,
) -> None:
    """Write all `entries` in batches; `write` is one transaction, `moved` is called after each."""
    tally.started = time.perf_counter()
    with _closing(_batches(entries, tally)) as batches, closing(_ahead(batches)) as coming:
        for batch in coming:
            for entry in batch.left_out:
                tally.leave_out(entry)
            if batch.records:
                tally.add(write(batch.records))
                moved()
    index_search(desk)


def index_search(desk: Desk) -> None:
    """Move what is fresh into the indexes of search, in transactions of their own, and show how far it is.

    Everything is found before that, too: an index only makes it quick.
    """
    waiting = desk.run(IMPORTER, search.count_waiting)
    started = time.perf_counter()
    done = 0
    with progress_bar() as bar:
        task = bar.add_task("Indexing for search", total=waiting, rows=0, rate=0.0)
        while moved := desk.run(IMPORTER, search.index_fresh_documents):
            desk.run(IMPORTER, search.settle_texts)
            done += moved
            rate = done / max(time.perf_counter() - started, 0.001)
            # a worker may take a part of them, and others may come
            bar.update(task, completed=done, total=max(waiting, done), rows=done, rate=rate)
        bar.update(task, completed=max(waiting, done))


def progress_bar() -> Progress:
    """Return a bar with rate and time left; on anything but a terminal it stays silent."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[rows]:,} rows  {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
    )


def tell(tally: Tally, report: Path | None) -> None:
    """Print what the run did, and the first of what it left out."""
    loaded = tally.loaded
    out.print(
        f"Read {tally.read:,} rows in {tally.seconds:.1f} s ({tally.rate:,.0f}/s): "
        f"{loaded.tickets:,} tickets, {loaded.comments:,} comments and {loaded.people:,} people added, "
        f"{loaded.known:,} rows already there, {tally.left_out:,} left out.",
        highlight=False,
        soft_wrap=True,
    )
    if tally.read and not (loaded.tickets or loaded.comments or loaded.people):
        out.print("Nothing new: the desk is as it was.")
    for entry in tally.first_problems:
        told = "; ".join(f"{name}: {rule}" for name, rule in entry.problems.items())
        key = f" ({entry.key})" if entry.key else ""
        out.print(
            printable(f"  line {entry.line}{key}: {told}"), highlight=False, markup=False, soft_wrap=True
        )
    if tally.left_out > len(tally.first_problems):
        out.print(f"  ... and {tally.left_out - len(tally.first_problems):,} more.", highlight=False)
    if report is not None:
        out.print(f"Every row left out is listed in {report}.", highlight=False, markup=False, soft_wrap=True)
    elif tally.left_out:
        out.print("For a list of them all, run it again with --report FILE.")


@dataclass
class _Batch(Generic[R]):
    """What is written at once, and what was left out while it was read."""

    records: list[R] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def _batches(entries: Iterable[R | LeftOut], tally: Tally) -> Generator[_Batch[R]]:
    batch = _Batch[R]()
    for entry in entries:
        tally.read += 1
        if isinstance(entry, LeftOut):
            batch.left_out.append(entry)
        else:
            batch.records.append(entry)
        if len(batch.records) == BATCH or len(batch.left_out) == BATCH:
            yield batch
            batch = _Batch[R]()
    if batch.records or batch.left_out:
        yield batch


@contextmanager
def _closing(batches: Generator[T]) -> Iterator[Generator[T]]:
    """Close what was read; after Ctrl+C in an unlucky moment its thread still reads, and closes it when it ends."""
    try:
        yield batches
    finally:
        with suppress(ValueError):
            batches.close()


def _ahead(batches: Iterator[T]) -> Generator[T]:
    """Read one batch ahead, in a thread: reading wants this process, writing waits for the server."""
    with ThreadPoolExecutor(1, "ombud-read") as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch
