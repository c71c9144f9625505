"""Is a pooled connection still alive? Look at its socket first, ask the server only when there is something to read.

A server that ends a connection closes it, and the kernel knows at once: the socket becomes readable. While nothing is
there to read, the connection is as alive as any question could show, for a question costs a round trip (asyncpg's own
three) and the answer is old when it comes, too. What dies between the look and the first statement is replaced by
`ombud.db.entry`, before anything has happened.
"""

import asyncio
import contextlib
import os
import select
import socket
from typing import Any

from sqlalchemy import Engine, ExceptionContext, event

TCP_TIMEOUT_MS = 6000
"""How long sent data may stay unacknowledged before the kernel gives a connection up: `silence` is to come first."""

ENDED = ("57P01", "57P02", "57P03", "57P05")
"""SQLSTATEs of a server that has ended the connection, whether the driver has seen its end or not."""
INFO_LIMIT = "ombud_limit"
"""Where a connection says how many seconds a statement of its present transaction may take."""
SILENT_SECONDS = 60.0
GRACE_SECONDS = 0.5
_WATCH = "ombud_watch"


def ask_only_when_in_doubt(engine: Engine) -> None:
    """Make the engine's pre-ping look at the socket first."""
    ask = engine.dialect.do_ping

    def ping(dbapi_connection: Any) -> bool:
        number = file_number(dbapi_connection)
        if number is None or _is_readable(number):
            return bool(ask(dbapi_connection))
        return True

    engine.dialect.do_ping = ping  # type: ignore[method-assign]  # of this engine's dialect only


def notice_dead_hosts(engine: Engine) -> None:
    """Let the kernel give up connections to hosts that no longer answer. libpq is told by its own parameters."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        number = file_number(connection)
        if number is None:
            return
        with contextlib.closing(socket.socket(fileno=os.dup(number))) as link:
            if link.family in (socket.AF_INET, socket.AF_INET6):
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_TIMEOUT_MS)
                link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)


def give_up_on_silence(engine: Engine) -> None:
    """Cut the connection of an asynchronous statement that is not answered a while after its time is up.

    The server's own limit ends it earlier, unless the server, or what lies between, has gone silent and still takes
    what is sent: then nothing else would be noticed for a minute.
    """

    @event.listens_for(engine, "before_cursor_execute")
    def begun(connection: Any, *_rest: Any) -> None:
        answered(connection)
        link = connection.connection.dbapi_connection
        seconds = connection.info.get(INFO_LIMIT, SILENT_SECONDS) + GRACE_SECONDS
        connection.info[_WATCH] = asyncio.get_running_loop().call_later(seconds, _cut, link)

    @event.listens_for(engine, "after_cursor_execute")
    def answered(connection: Any, *_rest: Any) -> None:
        watch = connection.info.pop(_WATCH, None)
        if watch is not None:
            watch.cancel()

    @event.listens_for(engine, "handle_error")
    def failed(context: ExceptionContext) -> None:
        if context.connection is not None and not context.connection.invalidated:
            answered(context.connection)


def _cut(connection: Any) -> None:
    number = file_number(connection)
    if number is not None:
        with contextlib.closing(socket.socket(fileno=os.dup(number))) as link, contextlib.suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)


def file_number(connection: Any) -> int | None:
    """Return the number of a connection's socket, of any driver; None when it has none (any more)."""
    driver = getattr(connection, "driver_connection", connection)
    try:
        if hasattr(driver, "fileno"):  # psycopg and psycopg2
            return int(driver.fileno())
        if hasattr(driver, "pgconn"):  # asynchronous psycopg
            return int(driver.pgconn.socket)
        link = driver._transport.get_extra_info("socket")  # asyncpg  # noqa: SLF001 - it shows its socket nowhere else
        return int(link.fileno())
    except Exception:  # noqa: BLE001 - closed, each in its own words; or another version of a driver
        return None


def _is_readable(number: int) -> bool:
    if number < 0:
        return True
    look = select.poll()
    look.register(number, select.POLLIN)
    return bool(look.poll(0))
