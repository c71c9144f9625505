"""Calls of the database's search functions."""

from sqlalchemy import Select, func, select

from ombud.models import TicketSearch


def index_step(batch: int) -> Select[int]:
    """Move up to `batch` fresh documents into the full-text index; returns how many."""
    return select(func.ombud.index_search_tail(batch))


def waiting() -> Select[int]:
    """Return how many documents are not in the full-text index yet (they are found all the same)."""
    return select(func.count()).select_from(TicketSearch).where(TicketSearch.is_indexed.is_(False))
