"""kill -9 of web, worker and PostgreSQL under load (TRUST.md R1, R2, R3): nothing acknowledged is lost, nothing twice.

People write through the API under idempotency keys, and ask again when no answer comes, as `ombud.client` does: they
open, answer, rename, attach, change many at once, delete and bring back. Each answer of theirs goes out as a letter,
and each ticket and answer as a webhook. `--crashes N`: each part N times (ten and more: with leases as they are).
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ombud import Ticket
from ombud.analytics import fold_statistics, get_ticket_statistics
from ombud.models import Comment, OutboundMail, TicketSearch
from ombud.models.deleted import INCLUDE_DELETED
from tests.faults.house import SYSTEM, House, open_house, wait_until
from tests.faults.judging import wrongs
from tests.faults.wishes import ALL
from tests.waiting import left_open

BETWEEN = 8
"""Writes that are acknowledged between one crash and the next."""
LONG = 10
"""Crashes of each part from which on the clock is looked at, too."""


@pytest.mark.timeout(7200)
def test_nothing_is_lost_and_nothing_done_twice(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    crashes = int(pytestconfig.getoption("--crashes"))
    again: dict[str, list[float]] = defaultdict(list)
    """Seconds from when a part was begun again, or the server took connections, until a write was acknowledged."""
    leases = {} if crashes >= LONG else {"TEST_LEASE": "5"}
    with open_house(tmp_path, settings=leases) as house:
        with house.used(4, wishes=ALL):
            house.until_acknowledged(BETWEEN)
            for _round in range(crashes):
                for crash in (_kill(house, "web"), _kill(house, "worker"), house.crash_server):
                    crash()
                    begun = time.monotonic()
                    house.until_acknowledged(1)  # after the server's crash by the processes that were there
                    again[crash.__name__].append(time.monotonic() - begun)
                    house.until_acknowledged(BETWEEN - 1)
            wait_until(lambda: _acknowledged(house) == set(ALL), "everything is done at least once")
        begun = time.monotonic()
        house.until_quiet()
        again["outbox and webhooks"].append(time.monotonic() - begun)
        writes = house.history.writes()
        unknown = sum(write.status is None for write in writes)
        print(f"\n{3 * crashes} crashes, {len(writes)} writes, {unknown} without an answer")
        assert wrongs(house, writes) == []
        _check_letters(house)
        _check_webhooks(house)
        _check_sums(house)
        _check_that_losses_show(house)
    slowest = {name: max(seconds) for name, seconds in again.items()}
    print(
        f"again at work after at most: {', '.join(f'{name} {most:.1f} s' for name, most in slowest.items())}"
    )
    if crashes >= LONG:
        assert slowest["web"] <= 3
        assert slowest["crash_server"] <= 10
        assert slowest["outbox and webhooks"] <= 60, "what a killed worker held is taken up within a minute"


def _acknowledged(house: House) -> set[str]:
    return {write.kind for write in house.history.writes() if write.is_acknowledged}


def _kill(house: House, name: str) -> Callable[[], None]:
    def crash() -> None:
        part = house.web if name == "web" else house.worker
        assert part is not None
        part.kill()
        part.begin()

    crash.__name__ = name
    return crash


def _check_that_losses_show(house: House) -> None:
    """The control: where a commit does not wait for the log, a crash of the server loses what was acknowledged."""
    house.server.execute("ALTER SYSTEM SET synchronous_commit = off")
    house.server.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
    house.server.execute("SELECT pg_reload_conf()")
    with house.used(4, wishes=ALL):
        house.until_acknowledged(4 * BETWEEN)
        house.crash_server()
    assert [fault for fault in wrongs(house, house.history.writes()) if fault.endswith("and is lost")]


def _check_letters(house: House) -> None:
    """Each answer is one letter, which came at least once, and the same to the byte whenever it came."""
    with house.desk.read(SYSTEM) as session:
        queued = list(session.scalars(select(OutboundMail.message_id)))
        answers = session.scalar(select(func.count()).select_from(Comment))
    assert len(queued) == len(set(queued)) == answers
    copies: dict[str, set[bytes]] = defaultdict(set)
    for letter in house.post.post.letters:
        copies[letter.parsed.message_id].add(letter.raw)
    assert set(copies) == set(queued)
    assert all(len(raws) == 1 for raws in copies.values())


def _check_webhooks(house: House) -> None:
    """Each ticket and each answer is told under one id, however often it had to be told."""
    told: dict[tuple[str, int], set[str]] = defaultdict(set)
    for came in house.receiver.at("/hook"):
        message = came.read(house.secret)  # minutes after the first of them came
        told[message["type"], _about(message)].add(came.message_id)
    with house.desk.read(SYSTEM) as session:
        opened = select(Ticket.id).execution_options(**{INCLUDE_DELETED: True})
        tickets = {("ticket.created", key) for key in session.scalars(opened)}
        answers = {("ticket.commented", key) for key in session.scalars(select(Comment.id))}
    assert set(told) == tickets | answers
    assert all(len(ids) == 1 for ids in told.values()), "done twice would be two messages"


def _about(message: dict[str, object]) -> int:
    data = message["data"]
    assert isinstance(data, dict)
    return int(data["comment" if message["type"] == "ticket.commented" else "ticket"]["id"])


def _check_sums(house: House) -> None:
    """What the worker adds up and indexes is of every ticket, once."""
    while house.desk.run(SYSTEM, fold_statistics):
        pass
    with house.desk.read(SYSTEM) as session:
        counting = select(func.count()).select_from(Ticket)
        tickets = session.scalar(counting)
        with_deleted = session.scalar(counting.execution_options(**{INCLUDE_DELETED: True}))
        figures = get_ticket_statistics(session)
        counted = Counter(session.scalars(select(Ticket.status)))
        documents = session.scalar(select(func.count()).select_from(TicketSearch))
    assert figures["total"] == tickets
    assert documents == with_deleted, "one that is deleted keeps its own, for when it comes back"
    assert {key: count for key, count in figures["status_counts"].items() if count} == counted
    assert left_open(house.server.url) == 0
