"""Keep the sums: a chore of the worker, and the last step of a bulk load."""

from sqlalchemy.orm import Session

from ombud.analytics import queries

BATCH = 5_000


def fold_statistics(session: Session) -> int:
    """Add one batch of changes to the sums and return how many there were. Figures are the same before and after."""
    return session.scalar(queries.fold_step(BATCH)) or 0
