"""Keep the full-text index: a chore of the worker, and the last step of a bulk load."""

from sqlalchemy.orm import Session

from ombud.search import queries

BATCH = 500


def index_fresh_documents(session: Session) -> int:
    """Move one batch of fresh documents into the index and return how many there were."""
    return session.scalar(queries.index_step(BATCH)) or 0
