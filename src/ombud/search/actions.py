"""Keep the indexes of search: a chore of the worker, and the last step of a bulk load."""

from sqlalchemy.orm import Session

from ombud.search import queries

BATCH = 500


def index_fresh_documents(session: Session) -> int:
    """Move one batch of fresh documents into the index and return how many there were."""
    return session.scalar(queries.index_step(BATCH)) or 0


def settle_texts(session: Session) -> int:
    """Merge what the last batches added into the trigram index, and return how many pages that was.

    In a transaction of its own: a batch has rows locked, and this takes a while after many.
    """
    return session.scalar(queries.settle()) or 0


def count_waiting(session: Session) -> int:
    """Return how many tickets have words that are not in the indexes yet.

    They are found all the same, but for those of a bulk load (more than 200 in one statement).
    """
    return session.scalar(queries.waiting()) or 0


def check_words(session: Session) -> int:
    """Forget words to suggest that no ticket has any more, one batch of those not looked at for a day."""
    return session.scalar(queries.check_step(BATCH)) or 0
