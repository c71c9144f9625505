"""Calls of the database's search functions."""

from sqlalchemy import Select, func, select


def index_step(batch: int) -> Select[int]:
    """Move up to `batch` fresh documents into the indexes; returns how many."""
    return select(func.ombud.index_search_tail(batch))


def settle() -> Select[int]:
    """Empty the trigram index's list of what was added last; returns how many pages it had."""
    return select(func.ombud.settle_search_texts())


def waiting() -> Select[int]:
    """Return how many documents are not in the indexes yet (they are found all the same)."""
    return select(func.ombud.search_waiting())


def check_step(batch: int) -> Select[int]:
    """Forget words that no document has, among `batch` of them; returns how many were looked at."""
    return select(func.ombud.check_search_words(batch))
