"""Who waits or holds on in a database, seen from outside: others of the suite have theirs on the same server."""

from __future__ import annotations

import time

from sqlalchemy import URL, text

from ombud.db import migrate

WAITING_HERE = text(
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
)
"""Locks of rows and transactions name no database; `datname` is shown to everybody, `state` and `query` are not."""
LEFT_OPEN = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"""
WAITED = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - query_start)), 0) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'"""


def left_open(admin_url: URL, *, seconds: float = 3.0) -> int:
    """Return how many transactions are open, and idle, for so long; at once when none is.

    Asked as the superuser: a desk's own roles are shown no `state`, and count none. A connection that was cut needs a
    moment to be noticed, and the server ends what idles for ten seconds.
    """
    until = time.monotonic() + seconds
    with migrate.connected(admin_url) as connection:
        while True:
            (count,) = connection.execute(LEFT_OPEN).fetchone() or (0,)
            if not count or time.monotonic() > until:
                return int(count)


def waited(admin_url: URL, seconds: float) -> bool:
    """True as soon as a statement has waited for a lock for so long, asked as the superuser; False when none does."""
    until = time.monotonic() + seconds + 5
    with migrate.connected(admin_url) as connection:
        while time.monotonic() < until:
            (longest,) = connection.execute(WAITED).fetchone() or (0,)
            if longest > seconds:
                return True
    return False
