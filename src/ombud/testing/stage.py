"""Transactions that never happened: each unit of work is a savepoint inside one transaction, rolled back.

A stage performs an action as an edge would (a session of its own, an actor, a commit) on one connection.
What is committed there is seen by later units on the same stage and by nobody else. `now()` stands still
on a stage, and nothing is notified; tests of those use a desk of their own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from ombud.db.actor import Actor
from ombud.db.context import DeskSession, bind_actor
from ombud.db.desk import Desk
from ombud.db.translate import translated

P = ParamSpec("P")
T = TypeVar("T")

Action = Callable[Concatenate[DeskSession, P], T]


class Perform(Protocol):
    """Run `action(session, ...)` as `actor` in a unit of work of its own; both kinds of stage are one."""

    def __call__(self, actor: Actor, action: Action[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...


class Stage(Perform, Protocol):
    """A `Perform` that can be cleared away."""

    def close(self) -> None: ...


class SyncStage:
    """Performs actions in a plain session."""

    def __init__(self, desk: Desk) -> None:
        self._connection: Connection = desk.engine.connect()
        self._connection.begin()

    def __call__(self, actor: Actor, action: Action[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        session = DeskSession(
            self._connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        bind_actor(session, actor, read_only=False)
        with translated(), session, session.begin():
            return action(session, *args, **kwargs)

    def close(self) -> None:
        """Undo everything."""
        self._connection.close()


class AsyncStage:
    """Performs actions by `AsyncSession.run_sync`, on an event loop that runs only meanwhile."""

    def __init__(self, desk: Desk, runner: asyncio.Runner) -> None:
        """Use `desk`, whose asynchronous connections belong to the loop of `runner`."""
        self._runner = runner
        self._connection: AsyncConnection = self._run(self._open(desk))

    def __call__(self, actor: Actor, action: Action[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._run(self._perform(actor, lambda session: action(session, *args, **kwargs)))

    def close(self) -> None:
        """Undo everything."""
        self._run(self._connection.close())

    async def _open(self, desk: Desk) -> AsyncConnection:
        connection = await desk.async_engine.connect()
        await connection.begin()
        return connection

    async def _perform(self, actor: Actor, action: Callable[[Any], T]) -> T:
        session = AsyncSession(
            self._connection,
            sync_session_class=DeskSession,
            expire_on_commit=False,
            join_transaction_mode="create_savepoint",
        )
        bind_actor(session.sync_session, actor, read_only=False)
        with translated():
            async with session, session.begin():
                return await session.run_sync(action)

    def _run(self, awaitable: Awaitable[T]) -> T:
        async def wait() -> T:
            return await awaitable

        return self._runner.run(wait())
