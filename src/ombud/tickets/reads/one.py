"""One ticket by its number."""

from sqlalchemy.orm import Session

from ombud.db.plans import by_key
from ombud.kit.text import storable
from ombud.models import Ticket
from ombud.tickets.reads.queries import Extent
from ombud.tickets.reads.whole import whole_ticket


def find_ticket(session: Session, number: str) -> Ticket | None:
    """Return the ticket of that number with people, team and tags, or None where the actor may not know of it.

    Staff get deleted ones too. One statement, and one about plans.
    """
    number = storable("number", number)
    session.flush()
    with by_key(session):
        return whole_ticket(session, number, Extent(homes=True))
