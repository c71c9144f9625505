"""Small things done again and again: index fresh search documents, add up statistics, make partitions, ...

Each chore is one short transaction that any number of processes may run at once. A chore that fails is logged
and tried again at its next turn.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ombud.analytics import actions as analytics
from ombud.audit import actions as audit
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import OmbudError
from ombud.people import actions as people
from ombud.search import actions as search

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every `seconds`; `again` says that there is more to do at once."""

    name: str
    seconds: float
    work: Callable[[Session], int]
    again: bool = False


CHORES = (
    Chore("search-index", 1.0, search.index_fresh_documents, again=True),
    Chore("statistics", 2.0, analytics.fold_statistics, again=True),
    Chore("audit-partitions", 3600.0, audit.ensure_partitions),
    Chore("sessions", 3600.0, people.drop_expired_sessions),
)


@contextmanager
def chores_running(desk: Desk) -> Iterator[None]:
    """Run the chores in a thread for as long as the block lasts."""
    stop = threading.Event()
    thread = threading.Thread(target=_loop, args=(desk, stop), name="ombud-chores", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=10)


def run_chore(desk: Desk, chore: Chore) -> int:
    """Run one chore until it has nothing more to do; returns how much was done."""
    done = 0
    while True:
        with desk.begin(Actor.system(f"worker/{chore.name}")) as session:
            step = chore.work(session)
        done += step
        if not step or not chore.again:
            return done


def _loop(desk: Desk, stop: threading.Event) -> None:
    due = {chore.name: 0.0 for chore in CHORES}
    while not stop.is_set():
        for chore in CHORES:
            if time.monotonic() >= due[chore.name]:
                _attempt(desk, chore)
                due[chore.name] = time.monotonic() + chore.seconds
        stop.wait(max(0.05, min(due.values()) - time.monotonic()))


def _attempt(desk: Desk, chore: Chore) -> None:
    try:
        run_chore(desk, chore)
    except OmbudError as error:
        log.warning("chore %s will be tried again: %s", chore.name, error.message)
