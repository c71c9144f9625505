"""Who waits for a lock in this database: other processes of the suite wait in theirs, on the same server."""

from __future__ import annotations

from sqlalchemy import text

WAITING_HERE = text(
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
)
"""Locks of rows and transactions name no database; `datname` is shown to everybody, `state` and `query` are not."""
