"""Entering a transaction: take a connection, begin, and tell PostgreSQL who acts.

A pooled connection may have died since it was last used. That shows here, before anything has happened, so that a
fresh one takes its place and nobody notices.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import greenlet_spawn

from ombud.db.actor import Actor
from ombud.db.context import DeskSession, bind_actor
from ombud.db.translate import reaching

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession


def session_on(
    engine: Engine, actor: Actor, *, read_only: bool, timeout: float, by_key: bool = False
) -> DeskSession:
    """Return a session of `actor` on an engine, not begun yet; `timeout` is seconds per statement."""
    # Used behind its block it would take a connection that nobody gives back: it is refused instead.
    session = DeskSession(engine, expire_on_commit=False, close_resets_only=False)
    bind_actor(session, actor, read_only=read_only, timeout=timeout, by_key=by_key)
    return session


def async_session_on(
    engine: "AsyncEngine", actor: Actor, *, read_only: bool, timeout: float, by_key: bool = False
) -> "AsyncSession":
    """The asynchronous twin of `session_on`."""
    from sqlalchemy.ext.asyncio import AsyncSession

    session = AsyncSession(
        engine, sync_session_class=DeskSession, expire_on_commit=False, close_resets_only=False
    )
    bind_actor(session.sync_session, actor, read_only=read_only, timeout=timeout, by_key=by_key)
    return session


@contextmanager
def entered(session: DeskSession, options: dict[str, Any]) -> Iterator[None]:
    """Hold a transaction of `session`; commit at the end of the block, roll back on any error."""
    with session, _begun(session, options):
        yield


@asynccontextmanager
async def aentered(session: "AsyncSession", options: dict[str, Any], seconds: float) -> AsyncIterator[None]:
    """The asynchronous twin of `entered`. Who has not got in after `seconds` is told so, whatever hangs.

    One switch to a greenlet begins, and one ends: `async with session, session.begin()` takes five, and a task.
    """
    inner: Any = session.sync_session
    try:
        with reaching():
            async with asyncio.timeout(seconds):
                transaction = await greenlet_spawn(_begun, inner, options)
        try:
            yield
        except BaseException as error:
            if not await greenlet_spawn(transaction.__exit__, type(error), error, error.__traceback__):
                raise
        else:
            await greenlet_spawn(_ended, transaction, inner)
    except BaseException:
        # Whoever is cancelled gives the connection back all the same.
        await asyncio.shield(asyncio.ensure_future(session.close()))
        raise


def _ended(transaction: ExitStack, session: DeskSession) -> None:
    transaction.close()
    session.close()


def _begun(session: DeskSession, options: dict[str, Any]) -> ExitStack:
    for is_last in (False, True):
        try:
            with ExitStack() as stack:
                stack.enter_context(session.begin())
                session.connection(execution_options=options)
                return stack.pop_all()
        except DBAPIError as error:
            if is_last or not error.connection_invalidated:
                raise
    raise AssertionError("unreachable")
