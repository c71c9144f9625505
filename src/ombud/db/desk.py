"""The desk's door: `begin` to write, `read` to read, and their asynchronous twins.

The edge opens and commits, with a visible `with`; actions flush at most; nothing else commits.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import URL, Engine

from ombud.config import Settings
from ombud.db.actor import Actor, ActorKind
from ombud.db.context import DeskSession, bind_actor
from ombud.db.engine import make_async_engine, make_engine
from ombud.db.nudge import AsyncNudge, Nudge
from ombud.db.translate import Retryable, reaching, translated

if TYPE_CHECKING:
    from sqlalchemy import Row, Select
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

P = ParamSpec("P")
T = TypeVar("T")

SYSTEM_TIMEOUT = 60.0
ATTEMPTS = 3


class Desk:
    """One desk's database. Holds engines, makes sessions; cheap to make, connects on first use."""

    def __init__(self, url: str | URL, settings: Settings | None = None) -> None:
        self.url = url
        self.settings = settings or Settings()

    @cached_property
    def engine(self) -> Engine:
        """The synchronous engine."""
        return make_engine(self.url, self.settings)

    @cached_property
    def async_engine(self) -> "AsyncEngine":
        """The asynchronous engine; needs the extra `async`."""
        return make_async_engine(self.url, self.settings)

    @cached_property
    def _nudge(self) -> Nudge:
        return Nudge(self.engine)

    @cached_property
    def _async_nudge(self) -> AsyncNudge:
        return AsyncNudge(self.async_engine)

    @contextmanager
    def begin(self, actor: Actor) -> Iterator[DeskSession]:
        """Open a transaction in which `actor` may write; commit at the end, roll back on any error."""
        with translated(), self._session(actor, read_only=False) as session, session.begin():
            yield session
        self._nudge.send()

    @contextmanager
    def read(self, actor: Actor, *, snapshot: bool = False) -> Iterator[DeskSession]:
        """Open a transaction that PostgreSQL keeps read-only. `snapshot` holds one moment for all statements."""
        with translated(), self._session(actor, read_only=True) as session, session.begin():
            if snapshot:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    def run(
        self,
        actor: Actor,
        action: Callable[Concatenate[DeskSession, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `action` in a transaction of its own, whole again when it lost a race (three tries)."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.begin(actor) as session:
                    return action(session, *args, **kwargs)
            except Retryable:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def abegin(self, actor: Actor) -> "AsyncIterator[AsyncSession]":
        """The asynchronous twin of `begin`; run actions with `session.run_sync(action, ...)`."""
        with translated():
            async with self._async_session(actor, read_only=False) as session, session.begin():
                with reaching():
                    await session.connection()
                yield session
        self._async_nudge.send()

    @asynccontextmanager
    async def aread(self, actor: Actor, *, snapshot: bool = False) -> "AsyncIterator[AsyncSession]":
        """The asynchronous twin of `read`."""
        with translated():
            async with self._async_session(actor, read_only=True) as session, session.begin():
                options = {"isolation_level": "REPEATABLE READ"} if snapshot else {}
                with reaching():
                    await session.connection(execution_options=options)
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
            try:
                async with self.abegin(actor) as session:
                    return await session.run_sync(_as_desk_action(action), *args, **kwargs)
            except Retryable:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    async def alook(self, statement: "Select[*tuple[Any, ...]]") -> "Row[Any] | None":
        """Return the first row of a look-up by nobody, outside any transaction: one round trip.

        For credentials, before it is known who acts: only what functions of the database open to nobody is seen.
        """
        with translated(), reaching():
            async with self.async_engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                row: Row[Any] | None = (await connection.execute(statement)).first()
                return row

    def close(self) -> None:
        """Close the synchronous connections."""
        if "engine" in self.__dict__:
            self.engine.dispose()

    async def aclose(self) -> None:
        """Close all connections."""
        if "async_engine" in self.__dict__:
            await self._async_nudge.stop()
            await self.async_engine.dispose()
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _session(self, actor: Actor, *, read_only: bool) -> DeskSession:
        session = DeskSession(self.engine, expire_on_commit=False)
        bind_actor(session, actor, read_only=read_only, timeout=self._timeout(actor))
        return session

    def _async_session(self, actor: Actor, *, read_only: bool) -> "AsyncSession":
        from sqlalchemy.ext.asyncio import AsyncSession

        session = AsyncSession(self.async_engine, sync_session_class=DeskSession, expire_on_commit=False)
        bind_actor(session.sync_session, actor, read_only=read_only, timeout=self._timeout(actor))
        return session

    def _timeout(self, actor: Actor) -> float:
        return SYSTEM_TIMEOUT if actor.kind is ActorKind.SYSTEM else self.settings.statement_timeout


def _as_desk_action(action: Callable[Concatenate[DeskSession, P], T]) -> Callable[..., T]:
    return action
