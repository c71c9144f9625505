"""One ticket by its number."""

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.db.plans import by_key
from ombud.kit.text import storable
from ombud.models import Ticket
from ombud.tickets import queries


def find_ticket(session: Session, number: str) -> Ticket | None:
    """Return the ticket of that number with people, team and tags, or None where the actor may not know of it.

    Staff get deleted ones too. Two statements, and two about plans.
    """
    statement = queries.ticket_by_number(actor_of(session), storable("number", number))
    session.flush()
    with by_key(session):
        return session.scalars(statement).one_or_none()
