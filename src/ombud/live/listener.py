"""Wait on a connection until PostgreSQL notifies, with either asynchronous driver.

A connection that listens must not go back into its pool: close it with `invalidate()`.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from ombud.db.nudge import CHANNEL, LISTEN

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


class Listener(Protocol):
    """Something to wait on."""

    async def wait(self, seconds: float) -> None:
        """Return at the next notification (at once for one that came meanwhile), or after `seconds`.

        Where the driver notices a lost connection meanwhile it raises ConnectionError; the other one's next
        statement fails.
        """
        ...


async def listen(connection: "AsyncConnection") -> Listener:
    """Begin to listen on `connection`, which must be in AUTOCOMMIT."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if connection.dialect.driver == "asyncpg":
        listener = _Asyncpg()
        await driver.add_listener(CHANNEL, listener.told)
        return listener
    await connection.execute(LISTEN)
    return _Psycopg(driver)


class _Asyncpg:
    """Asyncpg reads its socket all the time and calls back."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    def told(self, *_notification: object) -> None:
        self._news.set()

    async def wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return
        self._news.clear()


class _Psycopg:
    """psycopg reads only while somebody waits; what came during a statement it keeps."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def wait(self, seconds: float) -> None:
        import psycopg

        try:
            async for _notification in self._connection.notifies(timeout=seconds, stop_after=1):
                return
        except psycopg.OperationalError as error:
            raise ConnectionError from error
