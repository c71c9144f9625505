"""Desks whose commits end with the test: every transaction is a savepoint in one that is rolled back.

What is committed there is seen by later transactions of the same desk and by nobody else. `now()` stands still,
and nothing is notified; tests of those use a database of their own (`ScratchDatabase`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Never

from sqlalchemy import Connection

from ombud.db.actor import Actor
from ombud.db.choices import INFO_CHOICES
from ombud.db.context import DeskSession, bind_actor
from ombud.db.desk import Desk
from ombud.db.plain import Does, Seat, Step, Wanted
from ombud.db.translate import translated

if TYPE_CHECKING:
    from sqlalchemy import Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

_OTHER = "This desk undoes what is done by {}: what another connection commits, it could not undo."


class UndoneDesk(Desk):
    """A desk for synchronous code on one connection of another desk. Close it to undo everything."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.url, desk.settings)
        self._connection: Connection = desk.engine.connect()
        self._connection.begin()

    @contextmanager
    def begin(self, actor: Actor) -> Iterator[DeskSession]:
        with translated(), self._joined(actor, read_only=False) as session, session.begin():
            yield session

    @contextmanager
    def read(
        self, actor: Actor, *, snapshot: bool = False, fresh: bool = False, by_key: bool = False
    ) -> Iterator[DeskSession]:
        # One transaction around all of them: what another one commits meanwhile, none of them sees.
        with translated(), self._joined(actor, read_only=True) as session, session.begin():
            yield session

    def abegin(self, actor: Actor, *, snapshot: bool = False) -> Never:
        raise TypeError(_OTHER.format("begin, read and run"))

    def aread(
        self, actor: Actor, *, snapshot: bool = False, fresh: bool = False, by_key: bool = False
    ) -> Never:
        raise TypeError(_OTHER.format("begin, read and run"))

    def close(self) -> None:
        """Undo everything."""
        self._connection.close()

    def _joined(self, actor: Actor, *, read_only: bool) -> DeskSession:
        session = DeskSession(
            self._connection,
            expire_on_commit=False,
            close_resets_only=False,
            join_transaction_mode="create_savepoint",
        )
        bind_actor(session, actor, read_only=read_only, timeout=self._timeout(actor))
        session.info[INFO_CHOICES] = self.choices
        return session


class AsyncUndoneDesk(Desk):
    """The same for asynchronous code; made by `undone`, on the event loop that uses it."""

    def __init__(self, desk: Desk, connection: AsyncConnection) -> None:
        super().__init__(desk.url, desk.settings)
        self._connection = connection

    @asynccontextmanager
    async def abegin(self, actor: Actor, *, snapshot: bool = False) -> AsyncIterator[AsyncSession]:
        with translated():
            async with self._joined(actor, read_only=False) as session, session.begin():
                yield session

    @asynccontextmanager
    async def aread(
        self, actor: Actor, *, snapshot: bool = False, fresh: bool = False, by_key: bool = False
    ) -> AsyncIterator[AsyncSession]:
        with translated():
            async with self._joined(actor, read_only=True) as session, session.begin():
                yield session

    async def answer(
        self, seat: Seat, request_id: str, steps: Sequence[Step], *texts: str | None, does: Does = "reads"
    ) -> None:
        """Go the usual way: what is not committed is seen by its own session only."""

    async def arow(self, *_wanted: *Wanted) -> None:
        """Look up in `alook`, for the same reason."""

    async def alook(self, statement: Select[*tuple[Any, ...]]) -> Row[Any] | None:
        with translated():
            async with self._connection.begin_nested():
                await self._connection.exec_driver_sql("SET LOCAL ROLE ombud_web")
                row: Row[Any] | None = (await self._connection.execute(statement)).first()
                return row

    def begin(self, actor: Actor) -> Never:
        raise TypeError(_OTHER.format("abegin, aread and arun"))

    def read(
        self, actor: Actor, *, snapshot: bool = False, fresh: bool = False, by_key: bool = False
    ) -> Never:
        raise TypeError(_OTHER.format("abegin, aread and arun"))

    def close(self) -> None:
        """Do nothing: who opened the connection undoes everything."""

    async def aclose(self) -> None:
        """Do nothing: who opened the connection undoes everything."""

    def _joined(self, actor: Actor, *, read_only: bool) -> AsyncSession:
        from sqlalchemy.ext.asyncio import AsyncSession

        session = AsyncSession(
            self._connection,
            sync_session_class=DeskSession,
            expire_on_commit=False,
            close_resets_only=False,
            join_transaction_mode="create_savepoint",
        )
        bind_actor(session.sync_session, actor, read_only=read_only, timeout=self._timeout(actor))
        session.sync_session.info[INFO_CHOICES] = self.choices
        return session


@asynccontextmanager
async def undone(desk: Desk) -> AsyncIterator[AsyncUndoneDesk]:
    """Yield a desk for asynchronous code on one connection of `desk`; the end of the block undoes everything."""
    async with desk.async_engine.connect() as connection:
        await connection.begin()
        yield AsyncUndoneDesk(desk, connection)
