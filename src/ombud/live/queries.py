"""What the hub asks the database."""

from typing import Any

from sqlalchemy import Select, Text, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB


def present_moment() -> Select[*tuple[Any, ...]]:
    """Return a snapshot as text, to ask from, and the settings that are chosen."""
    return select(cast(func.pg_current_snapshot(), Text), func.ombud.chosen_settings(type_=JSONB))


def tickets_changed(since: str) -> Select[*tuple[Any, ...]]:
    """Return the moment of asking, the tickets changed between the snapshot `since` and now (at most 101), settings."""
    changed = func.ombud.tickets_changed(since).table_valued("moment", "ticket_ids")
    return select(changed.c.moment, changed.c.ticket_ids, func.ombud.chosen_settings(type_=JSONB))
