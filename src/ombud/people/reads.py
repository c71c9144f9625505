"""Reads that answer with people as objects."""

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ombud.db.context import actor_of
from ombud.kit.ids import is_id
from ombud.models import Ticket, User
from ombud.people import queries
from ombud.tickets.filters import DEFAULT_PAGE, Place
from ombud.tickets.reads import newest_tickets, put_comments, put_people


def get_user_with_tickets(session: Session, user_id: int, *, limit: int = DEFAULT_PAGE) -> User | None:
    """Return a person with their newest tickets, or None for one whom the actor may not know of.

    `tickets_created` (with comments) and `tickets_assigned` hold at most `limit` (up to 100) live tickets each,
    newest first, those that the actor sees. Five statements and what a person takes.
    """
    actor = actor_of(session)
    limit = Place(limit=limit).limit
    session.flush()
    user = session.scalar(queries.user_by_id(actor, user_id)) if is_id(user_id) else None
    if user is None:
        return None
    created = session.scalars(newest_tickets(actor, Ticket.creator_id, user.id, limit)).all()
    assigned = session.scalars(newest_tickets(actor, Ticket.assignee_id, user.id, limit)).all()
    put_people(session, (), put_comments(session, created))
    set_committed_value(user, "tickets_created", list(created))
    set_committed_value(user, "tickets_assigned", list(assigned))
    return user
