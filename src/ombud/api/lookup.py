"""What routes find by the names that an address gives: always through what the caller may see."""

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.errors import NotFound
from ombud.tickets import queries


def ticket_id(session: Session, number: str) -> int:
    """Return the id of a ticket by its number; NotFound when it is missing or invisible."""
    found = session.scalar(queries.ticket_id(actor_of(session), number))
    if found is None:
        raise NotFound("There is no such ticket here.")
    return found
