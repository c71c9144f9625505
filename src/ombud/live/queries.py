"""What the hub asks the database."""

from typing import Any

from sqlalchemy import Select, Text, cast, func, select


def present_moment() -> Select[str]:
    """Return a snapshot as text, to ask from."""
    return select(cast(func.pg_current_snapshot(), Text))


def tickets_changed(since: str) -> Select[*tuple[Any, ...]]:
    """Return the moment of asking and the tickets changed between the snapshot `since` and now (at most 101)."""
    return select(func.ombud.tickets_changed(since).table_valued("moment", "ticket_ids"))
