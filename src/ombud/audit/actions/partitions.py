"""Keep the logs' monthly partitions ahead of time."""

from sqlalchemy.orm import Session

from ombud.audit import queries

MONTHS_AHEAD = 3


def ensure_partitions(session: Session) -> int:
    """Make the partitions that are missing and return how many there were."""
    return session.scalar(queries.partitions_step(MONTHS_AHEAD)) or 0
