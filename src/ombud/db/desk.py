"""The desk's door: `begin` to write, `read` to read, and their asynchronous twins.

The edge opens and commits, with a visible `with`; actions flush at most; nothing else commits.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import URL, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ombud.config import Settings
from ombud.db.actor import Actor, ActorKind
from ombud.db.choices import INFO_CHOICES, Choices
from ombud.db.context import DeskSession
from ombud.db.engine import make_async_engine, make_engine
from ombud.db.entry import aentered, async_session_on, entered, session_on
from ombud.db.nudge import AsyncNudge, Nudge
from ombud.db.plain import LINKS, WRITING_LINKS, Does, Links, Seat, Step, Wanted, answer, row_of
from ombud.db.quick import Quick
from ombud.db.reactions import INFO_REACTIONS, Reaction
from ombud.db.reading import ReplicaDesk
from ombud.db.translate import Lost, Retryable, reaching, translated
from ombud.db.turns import Turns

if TYPE_CHECKING:
    from sqlalchemy import Row, Select
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Reaction)

SYSTEM_TIMEOUT = 60.0
ATTEMPTS = 3
_SNAPSHOT = {"isolation_level": "REPEATABLE READ"}


class Desk:
    """One desk's database. Holds engines, makes sessions; cheap to make, connects on first use.

    `reactions` are what the desk itself does about what happens, inside its transaction (`ombud.db.reactions`).
    """

    def __init__(
        self, url: str | URL, settings: Settings | None = None, *, choices: Choices | None = None
    ) -> None:
        """`choices` are those of another desk on the same database, which this one shares."""
        self.url = url
        self.settings = settings or Settings()
        self.choices = choices or Choices(self.settings)
        """What administrators chose, as far as somebody looks (`ombud.settings`)."""
        self._reading: ReplicaDesk | None = None
        self._reading_lock = Lock()
        self.reactions: tuple[Reaction, ...] = ()
        self.hooks: tuple[Reaction, ...] = ()
        self.searches = Turns(self.settings.searches_at_once, self.settings.search_wait)
        """Whose search runs now; edges take a turn before they open the transaction."""

    def on(self, hook: R) -> R:
        """Call `hook(session, event)` for what happens from now on (`ombud.tickets.events`), and return it.

        In the same transaction, right after the rows are written and after the desk's own reactions: what it writes
        is kept or lost with them, and what it raises ends the action. It flushes at most, and does no I/O.
        """
        self.hooks = (*self.hooks, hook)
        return hook

    @property
    def current(self) -> Settings:
        """The settings that are in force: `settings`, and what administrators chose."""
        return self.choices.over(self.settings)

    @cached_property
    def engine(self) -> Engine:
        """The synchronous engine."""
        return make_engine(self.url, self.settings)

    @cached_property
    def async_engine(self) -> "AsyncEngine":
        """The asynchronous engine; needs the extra `async`."""
        return make_async_engine(self.url, self.settings)

    @property
    def reading(self) -> ReplicaDesk | None:
        """The replica that `read` may go to, watched from now on; None when there is none."""
        url = self.settings.replica_url
        if url is None or self._reading is not None:
            return self._reading
        with self._reading_lock:  # one watcher, whoever comes first
            if self._reading is None:
                self._reading = ReplicaDesk(url.get_secret_value(), self.settings, primary=self.url)
        return self._reading

    @cached_property
    def _nudge(self) -> Nudge:
        return Nudge(self.engine)

    @cached_property
    def _links(self) -> dict[str, Links]:
        """The connections of each kind of answer: never all of the pool, however busy they are."""
        most = self.settings.pool_size + self.settings.pool_overflow
        reading, writing = min(LINKS, most // 4), min(WRITING_LINKS, most // 2)
        searching = min(self.settings.searches_at_once, (most - reading - writing - 1) // 2)
        numbers = {"reads": reading, "writes": writing, "searches": searching}
        return {kind: Links(self.async_engine, number) for kind, number in numbers.items()}

    @cached_property
    def _async_nudge(self) -> AsyncNudge:
        return AsyncNudge(self.async_engine)

    @contextmanager
    def begin(self, actor: Actor) -> Iterator[DeskSession]:
        """Open a transaction in which `actor` may write; commit at the end, roll back on any error."""
        session = self._session(actor, read_only=False)
        with translated(), entered(session, {}):
            yield session
        if self.reading is not None:
            self.reading.note(actor, self.engine)
        self._nudge.send()

    @contextmanager
    def read(
        self, actor: Actor, *, snapshot: bool = False, fresh: bool = False, by_key: bool = False
    ) -> Iterator[DeskSession]:
        """Open a transaction that PostgreSQL keeps read-only. `snapshot` holds one moment for all statements.

        It may go to a replica, where everybody finds what they wrote and perhaps not yet what others did a moment
        ago. `fresh` reads what is committed, whoever did it: for what is decided by it. `by_key` keeps the plans of
        its statements: for look-ups by keys and nothing else, until `values_follow` (see `ombud.db.plans`).
        """
        options = _SNAPSHOT if snapshot else {}
        with translated(), ExitStack() as stack:
            session = None
            if self.reading is not None and not fresh:
                session = self.reading.enter(stack, actor, options, self._timeout(actor), by_key=by_key)
            if session is None:
                session = self._session(actor, read_only=True, by_key=by_key)
                stack.enter_context(entered(session, options))
            yield session

    def run(
        self,
        actor: Actor,
        action: Callable[Concatenate[DeskSession, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `action` in a transaction of its own, whole again when it lost a race or its connection (three tries).

        A connection that is lost in the commit is told: nobody knows whether that got through.
        """
        for attempt in range(1, ATTEMPTS + 1):
            is_done = False
            try:
                with self.begin(actor) as session:
                    result = action(session, *args, **kwargs)
                    is_done = True
                return result  # noqa: TRY300 - reads as the end of the try that it is
            except (Retryable, Lost) as error:
                if attempt == ATTEMPTS or (is_done and isinstance(error, Lost)):
                    raise
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def abegin(self, actor: Actor, *, snapshot: bool = False) -> "AsyncIterator[AsyncSession]":
        """The asynchronous twin of `begin`; run actions with `session.run_sync(action, ...)`.

        `snapshot` holds one moment, and loses the race (Retryable) for a row that was changed since.
        """
        session = self._async_session(actor, read_only=False)
        with translated():
            async with aentered(session, _SNAPSHOT if snapshot else {}, self.settings.pool_timeout):
                yield session
        if self.reading is not None:
            await self.reading.anote(actor, self.alook)
        self._async_nudge.send()

    @asynccontextmanager
    async def aread(
        self, actor: Actor, *, snapshot: bool = False, fresh: bool = False, by_key: bool = False
    ) -> "AsyncIterator[AsyncSession]":
        """The asynchronous twin of `read`."""
        options = _SNAPSHOT if snapshot else {}
        with translated():
            async with AsyncExitStack() as stack:
                session = None
                if self.reading is not None and not fresh:
                    seconds = self._timeout(actor)
                    session = await self.reading.aenter(stack, actor, options, seconds, by_key=by_key)
                if session is None:
                    session = self._async_session(actor, read_only=True, by_key=by_key)
                    entering = aentered(session, options, self.settings.pool_timeout)
                    await stack.enter_async_context(entering)
                yield session

    async def arun(
        self,
        actor: Actor,
        action: Callable[Concatenate[DeskSession, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The asynchronous twin of `run`: one greenlet for the whole action."""
        for attempt in range(1, ATTEMPTS + 1):
            is_done = False
            try:
                async with self.abegin(actor) as session:
                    result = await session.run_sync(_as_desk_action(action), *args, **kwargs)
                    is_done = True
                return result  # noqa: TRY300 - reads as the end of the try that it is
            except (Retryable, Lost) as error:
                if attempt == ATTEMPTS or (is_done and isinstance(error, Lost)):
                    raise
        raise AssertionError("unreachable")

    async def aquick(
        self, actor: Actor, verb: Callable[Concatenate[Actor, P], Quick[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do in one round trip what `verb` says, in a transaction of its own.

        The usual way (`arun`; `aread` for what reads), with the same result, where that cannot be: another driver than
        asyncpg, a replica, whatever goes wrong; for what writes, a desk with reactions or hooks. Raises Lost when
        nobody knows whether it was done.
        """
        quick = verb(actor, *args, **kwargs)
        writes = quick.does == "writes"
        if quick.steps and not (writes and (self.reactions or self.hooks)):
            seat = Seat.of(None, b"", actor)
            found = await self.answer(seat, actor.request_id, quick.steps, *quick.texts, does=quick.does)
            if found is not None:
                return quick.result(found)
        if writes:
            return await self.arun(actor, quick.usual)
        async with self.aread(actor) as session:
            return await session.run_sync(_as_desk_action(quick.usual))

    async def alook(self, statement: "Select[*tuple[Any, ...]]") -> "Row[Any] | None":
        """Return the first row of a look-up by nobody, outside any transaction: one round trip.

        For credentials, before it is known who acts: only what functions of the database open to nobody is seen.
        """
        with translated():
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    with reaching():
                        async with asyncio.timeout(self.settings.pool_timeout):
                            return await self._look(statement)
                except DBAPIError as error:
                    if attempt == ATTEMPTS or not error.connection_invalidated:
                        raise
        raise AssertionError("unreachable")

    async def _look(self, statement: "Select[*tuple[Any, ...]]") -> "Row[Any] | None":
        async with self.async_engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            row: Row[Any] | None = (await connection.execute(statement)).first()
            return row

    async def answer(
        self, seat: Seat, request_id: str, steps: Sequence[Step], *texts: str | None, does: Does = "reads"
    ) -> "list[str | None] | None":
        """Answer in one round trip below SQLAlchemy (`ombud.db.plain`); None: nothing was done, go the usual way."""
        links, writes = self._links[does], does == "writes"
        if self.reading is not None or links.most < 1:
            return None
        seconds = self._timeout(seat.actor)
        found = await answer(links, seat, request_id, steps, texts, seconds=seconds, writes=writes)
        if writes and found is not None:
            self._async_nudge.send()
        return found

    async def arow(self, *wanted: *Wanted) -> dict[str, Any] | None:
        """Look a row up as `alook`, below SQLAlchemy; None: it is not there, or to be looked up in `alook`."""
        return await row_of(self.async_engine, wanted, seconds=self.settings.statement_timeout)

    def close(self) -> None:
        """Close the synchronous connections."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.close()
        if "engine" in self.__dict__:
            self.engine.dispose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self.aclose_asynchronous()
        self.close()

    async def aclose_asynchronous(self) -> None:
        """Close the asynchronous connections, where threads go on to use the synchronous ones."""
        if "async_engine" in self.__dict__:
            await self._async_nudge.stop()
            await self.async_engine.dispose()
        if self._reading is not None:
            await self._reading.aclose_asynchronous()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _session(self, actor: Actor, *, read_only: bool, by_key: bool = False) -> DeskSession:
        timeout = self._timeout(actor)
        session = session_on(self.engine, actor, read_only=read_only, timeout=timeout, by_key=by_key)
        self._equip(session)
        return session

    def _async_session(self, actor: Actor, *, read_only: bool, by_key: bool = False) -> "AsyncSession":
        timeout = self._timeout(actor)
        session = async_session_on(
            self.async_engine, actor, read_only=read_only, timeout=timeout, by_key=by_key
        )
        self._equip(session.sync_session)
        return session

    def _equip(self, session: Session) -> None:
        """Give a session what actions ask it for."""
        session.info[INFO_REACTIONS] = self.reactions + self.hooks
        session.info[INFO_CHOICES] = self.choices

    def _timeout(self, actor: Actor) -> float:
        return SYSTEM_TIMEOUT if actor.kind is ActorKind.SYSTEM else self.settings.statement_timeout


def _as_desk_action(action: Callable[Concatenate[DeskSession, P], T]) -> Callable[..., T]:
    return action
