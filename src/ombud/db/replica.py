"""When a replica may be read: it answers, it is not far behind, and it has what this reader wrote.

A thread asks the replica ten times a second how far it is, so a read costs no question of its own; another one asks
the primary where it is, because a replica knows only what it was told. Who wrote something is known by the position of
the write-ahead log (LSN) after the commit; until the replica is known to have replayed that far, the writer reads from
the primary. Positions are kept here for the actors of this process, and travel with a browser or a program
(`Position`) to the others.
"""

import select
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import text

from ombud.errors import OmbudError

ASK_EVERY = 0.1
ANSWER_WITHIN = 0.5
"""Seconds after which a replica that does not answer is left, and whoever waits for it is set free."""
HEAR_EVERY = 0.5
"""The longest between two questions to the primary."""
MARKS_KEPT = 1_000
CONNECT_SECONDS = 2
HOLD_SECONDS = 60.0
"""How long an actor stays at the primary whose position could not be learnt."""
ACTORS_KEPT = 10_000

PRIMARY_POSITION = text("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")

# What is durable there. The position of the next record may lie behind the head of a page that nobody has begun.
_DURABLE = b"SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint"

# In recovery and fed by a primary: how far, who receives, and how many seconds behind what has arrived. A server that
# was promoted is a replica no longer, and one that nobody feeds may be behind by anything.
_STATE = b"""
SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint,
       coalesce((SELECT pid FROM pg_stat_wal_receiver), 0),
       CASE WHEN NOT pg_is_in_recovery() OR NOT EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 1e9
            WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
            ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0) END
"""


@dataclass
class Position:
    """How far a replica must be for one reader; `has_moved` says that this request wrote something."""

    lsn: int = 0
    has_moved: bool = False


current_position: ContextVar[Position | None] = ContextVar("ombud_position", default=None)
"""Set by an edge around a request, from what the browser or program brought along."""


Connect = Callable[[], "psycopg.Connection[Any]"]


class Replica:
    """Watches one replica. The first two open a connection to it and to its primary, `leave` frees who waits for it."""

    def __init__(
        self, connect: Connect, connect_primary: Connect, leave: Callable[[], None], *, max_lag: float
    ) -> None:
        self._connect = connect
        self._connect_primary = connect_primary
        self._leave = leave
        self._max_lag = max_lag
        self._hear_every = min(HEAR_EVERY, max_lag / 2)
        self._replayed = -1
        self._receiver = 0
        self._lag = float("inf")
        self._answered = float("-inf")
        self._floor = 0
        # Where the primary was, and when; what the replica has replayed of it is taken out. Nothing is known of a
        # replica before it has reached the first one.
        self._marks: deque[tuple[int, float]] = deque()
        self._has_reached_one = False
        self._actors: OrderedDict[str, int] = OrderedDict()
        self._held: dict[str, float] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for work, name in ((self._watch, "ombud-replica"), (self._hear, "ombud-primary"))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def answers(self) -> bool:
        """Whether it answered a moment ago."""
        return time.monotonic() - self._answered <= ANSWER_WITHIN

    def serves(self, actor: str) -> bool:
        """Tell whether `actor` may read from the replica now."""
        now = time.monotonic()
        if not self.answers or self._lag > self._max_lag or not self._has_reached_one:
            return False
        with self._lock:  # what arrives there may be old, too, whatever it believes
            since = self._marks[0][1] if self._marks else now
        if now - since > self._max_lag - self._hear_every:
            return False
        if self._held.get(actor, 0.0) > now:
            return False
        position = current_position.get()
        wanted = max(self._floor, self._actors.get(actor, 0), position.lsn if position else 0)
        return wanted <= self._replayed

    def note(self, actor: str, lsn: int) -> None:
        """Remember what `actor` has written, in this process and in the request's position."""
        position = current_position.get()
        if position is not None:
            position.lsn = max(position.lsn, lsn)
            position.has_moved = True
        with self._lock:
            self._actors[actor] = max(lsn, self._actors.get(actor, 0))
            self._actors.move_to_end(actor)
            self._held.pop(actor, None)
            if len(self._actors) > ACTORS_KEPT:
                self._floor = max(self._floor, self._actors.popitem(last=False)[1])

    def note_for_all(self, lsn: int) -> None:
        """Let nobody read from before `lsn`: they have been told of it."""
        self._floor = max(self._floor, lsn)

    def hold(self, actor: str) -> None:
        """Keep an actor at the primary for a while: what they wrote cannot be placed."""
        now = time.monotonic()
        self._held = {name: until for name, until in self._held.items() if until > now}
        self._held[actor] = now + HOLD_SECONDS

    def doubt(self) -> None:
        """A reader failed there: nobody goes there until it has answered again."""
        self._answered = float("-inf")

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=CONNECT_SECONDS + ANSWER_WITHIN + 1)

    def _hear(self) -> None:
        """Ask the primary where it is; while it does not answer, what is known of it stands."""
        while not self._stop.is_set():
            with suppress(psycopg.Error, OSError, OmbudError), self._connect_primary() as connection:
                for position in self._answers(connection, _DURABLE, self._hear_every):
                    self._mark(int(position[0]))
            self._stop.wait(self._hear_every)

    def _mark(self, lsn: int) -> None:
        with self._lock:
            if lsn <= self._replayed:
                self._has_reached_one = True
            # When there are too many the oldest ones count: they say how long it has been behind.
            elif len(self._marks) < MARKS_KEPT and (not self._marks or lsn > self._marks[-1][0]):
                self._marks.append((lsn, time.monotonic()))

    def _watch(self) -> None:
        while not self._stop.is_set():
            # It may not be there: that is what is to be known.
            with suppress(psycopg.Error, OSError, OmbudError), self._connect() as connection:
                self._ask(connection)
            if not self._stop.is_set():
                self.doubt()
                self._leave()
            self._stop.wait(ASK_EVERY)

    def _ask(self, connection: "psycopg.Connection[Any]") -> None:
        """Ask again and again; returns or raises when there is no answer."""
        self._receiver = 0
        for replayed, receiver, lag in self._answers(connection, _STATE, ASK_EVERY):
            with self._lock:
                self._replayed = int(replayed or -1)
                # Who asks for a log that the primary has not is there for a moment, again and again.
                is_fed = int(receiver) == self._receiver
                self._lag, self._receiver = float(lag) if is_fed else float("inf"), int(receiver)
                self._answered = time.monotonic()
                while self._marks and self._marks[0][0] <= self._replayed:
                    self._marks.popleft()
                    self._has_reached_one = True

    def _answers(
        self, connection: "psycopg.Connection[Any]", statement: bytes, every: float
    ) -> Iterator[list[str]]:
        """Ask until told to stop; ends, with the connection, when an answer does not come in time."""
        while not self._stop.is_set():
            answer = _answer(connection, statement, ANSWER_WITHIN)
            if answer is None:
                connection.pgconn.finish()
                return
            yield answer
            self._stop.wait(every)


def _answer(connection: "psycopg.Connection[Any]", statement: bytes, seconds: float) -> list[str] | None:
    """Return the one row of a statement as texts; None when it does not come in time. libpq itself has no limit."""
    link = connection.pgconn
    link.send_query(statement)
    deadline = time.monotonic() + seconds
    while link.is_busy():
        if not select.select([link.socket], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return None
        link.consume_input()
    row: list[str] | None = None
    while (result := link.get_result()) is not None:
        if result.ntuples == 1:
            row = [(result.get_value(0, column) or b"").decode() for column in range(result.nfields)]
    return row
