"""The letter that says a message came. Whether one may go out is decided before (`ombud.mail.rules`)."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from ombud.mail.outgoing.actions import queue_automatic
from ombud.mail.outgoing.planning import Addressee
from ombud.mail.outgoing.rules import reply_subject
from ombud.mail.tokens import TicketNamer
from ombud.models import InboundMail, OutboundKind, Ticket


@dataclass(frozen=True, slots=True)
class Acknowledging:
    """Queues the acknowledgement of a message that opened a ticket.

    To a sender whom no server confirms it repeats nothing that they wrote, not even the subject: anybody can put
    somebody else's address and a link of theirs into a message (TRUST.md T43).
    """

    namer: TicketNamer

    def __call__(self, session: Session, mail: InboundMail, ticket_id: int) -> bool:
        """Queue the letter; False on a desk without a mailbox that sends."""
        ticket = session.get_one(Ticket, ticket_id)
        received = f"We have received your message ({ticket.ticket_number})"
        queued = queue_automatic(
            session,
            self.namer,
            ticket,
            OutboundKind.ACKNOWLEDGEMENT,
            Addressee(mail.sender_email, user_id=ticket.requester_id),
            subject=reply_subject(mail.subject) if mail.verified is True else received,
        )
        return queued is not None
