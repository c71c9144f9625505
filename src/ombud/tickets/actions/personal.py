"""What one person's view of a ticket remembers: that they read it, what they are writing."""

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.errors import NotFound
from ombud.kit.ids import is_id
from ombud.kit.text import clean_body
from ombud.models import Draft, TicketRead
from ombud.tickets import queries
from ombud.tickets.policy import require_staff

DRAFT_LIMIT = 200_000
"""How many characters of an unsent text are kept."""


def mark_read(session: Session, ticket_id: int) -> None:
    """Remember that the actor has seen the ticket as it is now."""
    actor = actor_of(session)
    statement = insert(TicketRead).values(user_id=actor.user_id, ticket_id=_visible(session, ticket_id))
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[TicketRead.user_id, TicketRead.ticket_id],
            set_={"seen_at": func.clock_timestamp()},
        )
    )


def save_draft(session: Session, ticket_id: int, content: str, *, is_internal: bool) -> None:
    """Keep an unsent reply or note; an empty one is thrown away."""
    text = clean_body("content", content, limit=DRAFT_LIMIT, required=False)
    if not text:
        discard_draft(session, ticket_id, is_internal=is_internal)
        return
    statement = insert(Draft).values(
        user_id=actor_of(session).user_id,
        ticket_id=_visible(session, ticket_id),
        is_internal=is_internal,
        content=text,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[Draft.user_id, Draft.ticket_id, Draft.is_internal],
            set_={"content": statement.excluded.content, "updated_at": func.now()},
        )
    )


def keep_draft(session: Session, ticket_id: int, content: str, *, is_internal: bool) -> None:
    """Keep what is being written as the only draft of this ticket; an empty one throws that away.

    A composer is one box, whatever it is to become. Raises Forbidden for a customer's note.
    """
    if is_internal:
        require_staff(actor_of(session))
    save_draft(session, ticket_id, content, is_internal=is_internal)
    discard_draft(session, ticket_id, is_internal=not is_internal)


def discard_draft(session: Session, ticket_id: int, *, is_internal: bool) -> None:
    """Throw an unsent reply or note away."""
    if not is_id(ticket_id):
        return
    session.execute(
        delete(Draft).where(
            Draft.user_id == actor_of(session).user_id,
            Draft.ticket_id == ticket_id,
            Draft.is_internal == is_internal,
        )
    )


def _visible(session: Session, ticket_id: int) -> int:
    """Return the id if the actor may know of that ticket; NotFound otherwise."""
    found = session.scalar(queries.visible_id(actor_of(session), ticket_id)) if is_id(ticket_id) else None
    if found is None:
        raise NotFound("There is no such ticket here.")
    return found
