"""NOTIFY after a commit: "something changed, look", for live pages and the worker of any process.

PostgreSQL lets one transaction that notifies commit at a time, flush included. So the transaction that changes
something does not notify; the edge does, right after its commit, in a transaction that writes nothing and thus
flushes nothing. A nudge says only *that* something changed: who listens asks the audit log *what*, and asks from
time to time anyway, so a lost nudge costs a moment and nothing else. That is also why failures are not reported.
"""

import asyncio
import contextlib
import time
from contextvars import Context
from typing import TYPE_CHECKING

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

CHANNEL = "ombud_changed"
SPACING_SECONDS = 0.1
"""At most one nudge in this time from a process, however much it writes."""

LISTEN = text("LISTEN ombud_changed")
_NOTIFY = text("NOTIFY ombud_changed")


class Nudge:
    """Nudges from synchronous code: in the caller's thread, after the commit. At most one in SPACING_SECONDS."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._next = 0.0

    def send(self) -> None:
        """Notify, unless that was done a moment ago: then the listeners' own looking finds what is new."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + SPACING_SECONDS
        # In a context of its own: it belongs to no request and counts among nobody's statements.
        Context().run(self._notify)

    def _notify(self) -> None:
        with contextlib.suppress(SQLAlchemyError), self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(_NOTIFY)


class AsyncNudge:
    """Nudges from asynchronous code: a task beside the caller, who does not wait for it."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    def send(self) -> None:
        """Notify soon; several calls in SPACING_SECONDS become one."""
        self._wanted = True
        if self._task is None or self._task.done():
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._notify(), name="ombud-nudge", context=Context())

    async def stop(self) -> None:
        """Give up what was not sent yet; returns when the connection is free."""
        if self._task is not None and self._task.cancel():
            await asyncio.wait([self._task])

    async def _notify(self) -> None:
        while self._wanted:
            self._wanted = False
            with contextlib.suppress(SQLAlchemyError, OSError):
                async with self._engine.connect() as plain:
                    connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
                    await connection.execute(_NOTIFY)
            await asyncio.sleep(SPACING_SECONDS)
