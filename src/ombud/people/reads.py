"""Reads that answer with people as objects."""

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ombud.db.context import actor_of
from ombud.db.plans import by_key
from ombud.kit.ids import is_id
from ombud.models import User
from ombud.people import queries
from ombud.tickets.filters import DEFAULT_PAGE, Place
from ombud.tickets.reads import COMMENTS_EACH, Extent, tickets_of_person, whole_tickets


def get_user_with_tickets(session: Session, user_id: int, *, limit: int = DEFAULT_PAGE) -> User | None:
    """Return a person with their newest tickets, or None for one whom the actor may not know of.

    `tickets_created` (with comments) and `tickets_assigned` hold at most `limit` (up to 100) live tickets each,
    newest first, those that the actor sees. Three statements and what a person takes.
    """
    actor = actor_of(session)
    limit = Place(limit=limit).limit
    session.flush()
    user = session.scalar(queries.user_by_id(actor, user_id)) if is_id(user_id) else None
    if user is None:
        return None
    found = session.execute(tickets_of_person(actor, user.id, limit)).one()
    with by_key(session, switched=True):
        for name, ids, comments in (
            ("tickets_created", found[0], COMMENTS_EACH),
            ("tickets_assigned", found[1], 0),
        ):
            tickets = whole_tickets(session, ids, Extent(comments=comments)) if ids else []
            set_committed_value(user, name, tickets)
    return user
