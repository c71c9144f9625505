"""What mail does about what happens to tickets (`ombud.db.reactions`)."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.mail.outgoing.actions import queue_reply
from ombud.mail.tokens import TicketNamer
from ombud.models import User
from ombud.tickets.events import CommentAdded


@dataclass(frozen=True, slots=True)
class Mailing:
    """Queues a mail for each public comment by staff. Customers' comments mail nobody."""

    namer: TicketNamer

    def __call__(self, session: Session, event: object) -> None:
        """React to an event."""
        if not isinstance(event, CommentAdded) or event.comment.is_internal:
            return
        actor, author_id = actor_of(session), event.comment.author_id
        by_staff = actor.is_staff if author_id == actor.user_id else session.get_one(User, author_id).is_staff
        if by_staff:
            queue_reply(session, self.namer, event.ticket, event.comment, event.delivery)
