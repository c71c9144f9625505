"""Small things done again and again: index fresh search documents, add up statistics, seal the audit log, ...

Each chore is one short transaction (an errand: several, and files) that any number of processes may run at
once. A chore that fails is logged and tried again at its next turn.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ombud import clock
from ombud.analytics import actions as analytics
from ombud.audit import actions as audit
from ombud.curation import keep_alike
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import OmbudError
from ombud.idempotency import drop_old_answers
from ombud.kit.logs import Log
from ombud.kit.metrics import chore_measured
from ombud.mail import actions as mail
from ombud.people import actions as people
from ombud.people import letters, throttle
from ombud.people.factors import drop_expired_steps
from ombud.people.openid import drop_expired_flows
from ombud.search import actions as search
from ombud.transfer.jobs import purge_jobs
from ombud.webhooks import forget_old_deliveries
from ombud.worker.hooks import send_webhooks
from ombud.worker.intake import decide_about_mail
from ombud.worker.logs import seal_and_export, write_views
from ombud.worker.mail_out import send_mail
from ombud.worker.retention import purge, remove_files
from ombud.worker.transfers import move_files

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every `seconds`; `again` says that there is more to do at once.

    A step that did less than is `full` ends the turn: while others write all the time there would always be a little
    more, and each little step costs as much as a full one.
    """

    name: str
    seconds: float
    work: Callable[[Session], int]
    again: bool = False
    full: int = 1

    def run(self, desk: Desk) -> int:
        """Do it once, in a transaction of its own; returns how much was done."""
        with desk.begin(self.actor) as session:
            return self.work(session)

    @property
    def actor(self) -> Actor:
        """Who does it, as the log knows them."""
        return Actor.system(f"worker/{self.name}")


@dataclass(frozen=True, slots=True)
class Errand(Chore):
    """A chore that also touches files or memory, and so opens its transactions itself."""

    work: Callable[[Desk, Actor], int]  # type: ignore[assignment]  # takes the desk instead

    def run(self, desk: Desk) -> int:
        return self.work(desk, self.actor)


LAST = Errand("access-log", 1.0, write_views)
"""Done once more when the process ends: what was looked at last is written too."""


def index_search(desk: Desk, actor: Actor) -> int:
    """Index one batch, then settle it: two transactions, so that nobody waits for the second."""
    moved = desk.run(actor, search.index_fresh_documents)
    if moved:
        desk.run(actor, search.settle_texts)
    return moved


CHORES = (
    Errand("search-index", 0.5, index_search, again=True, full=search.BATCH),
    Chore("search-words", 60.0, search.check_words),
    Chore("statistics", 2.0, analytics.fold_statistics, again=True, full=analytics.BATCH),
    Chore("look-alikes", 60.0, keep_alike),
    Chore("audit-partitions", 3600.0, audit.ensure_partitions),
    Errand("audit-seal", 60.0, seal_and_export),
    Errand("purge", 3600.0, purge, again=True),
    Errand("files", 3600.0, remove_files, again=True),
    LAST,
    Chore("sessions", 3600.0, people.drop_expired_sessions),
    Chore("account-links", 3600.0, letters.drop_expired_links),
    Chore("turns", 3600.0, throttle.forget_turns),
    Chore("sign-in-steps", 600.0, drop_expired_steps),
    Chore("sign-in-flows", 600.0, drop_expired_flows),
    Chore("automatic-mail", 3600.0, mail.forget_old_letters),
    Chore("kept-answers", 3600.0, drop_old_answers),
    Chore("webhook-messages", 3600.0, forget_old_deliveries),
    Chore("transfers", 3600.0, purge_jobs),
)


MAIL_CHORES = (Errand("mail", 1.0, decide_about_mail),)
"""In a thread of their own: ten thousand messages must not keep fresh tickets from being found."""


@contextmanager
def chores_running(desk: Desk) -> Iterator[None]:
    """Run the chores in threads for as long as the block lasts."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=_loop, args=(desk, stop, chores), name=f"ombud-{name}", daemon=True)
        for name, chores in (("chores", CHORES), ("mail", MAIL_CHORES))
    ]
    for work, name in (
        (send_mail, "ombud-mail-send"),
        (send_webhooks, "ombud-webhooks"),
        (move_files, "ombud-transfers"),
    ):
        threads.append(threading.Thread(target=work, args=(desk, stop), name=name, daemon=True))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=10)
        _attempt(desk, LAST)


def run_chore(desk: Desk, chore: Chore) -> int:
    """Run one chore until it has nothing more to do; returns how much was done."""
    return _run_while(desk, chore, 1)


def run_turn(desk: Desk, chore: Chore) -> int:
    """Run one chore until a step was not full; returns how much was done."""
    return _run_while(desk, chore, chore.full)


def _run_while(desk: Desk, chore: Chore, least: int) -> int:
    done = 0
    while True:
        step = chore.run(desk)
        done += step
        if step < least or not chore.again:
            return done


def _loop(desk: Desk, stop: threading.Event, chores: Sequence[Chore]) -> None:
    due = {chore.name: 0.0 for chore in chores}
    while not stop.is_set():
        for chore in chores:
            if time.monotonic() >= due[chore.name]:
                _attempt(desk, chore)
                due[chore.name] = time.monotonic() + chore.seconds
        stop.wait(max(0.05, min(due.values()) - time.monotonic()))


def _attempt(desk: Desk, chore: Chore) -> None:
    begun = time.perf_counter()
    try:
        with chore_measured(chore.name, clock.now().timestamp()):
            done = run_turn(desk, chore)
        level = log.info if done else log.debug
        level("chore done", chore=chore.name, done=done, ms=round((time.perf_counter() - begun) * 1000, 1))
    except OmbudError as error:
        log.warning("chore will be tried again", chore=chore.name, code=error.code, reason=error.message)
    except Exception:
        log.exception("chore failed", chore=chore.name)  # the others go on
