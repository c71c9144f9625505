"""Letters that the desk sends by itself: each is counted before it is queued, so that none is sent in a storm.

What the letter says and how it goes out is the outbox's business. Whoever queues one asks here first, in the
same transaction: `claim_automatic_letter` decides and counts in one step, under a lock on the address.
"""

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ombud import clock
from ombud.mail import queries
from ombud.mail.rules import AnswerFacts, Step, may_answer_automatically
from ombud.mail.tokens import without_tag
from ombud.models import AutomaticKind, AutomaticMail

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
KEPT = timedelta(days=2)


def claim_automatic_letter(
    session: Session,
    address: str,
    kind: AutomaticKind,
    *,
    ticket_id: int | None = None,
    classification: str = "normal",
    has_null_sender: bool = False,
) -> tuple[bool, Step]:
    """Return whether a letter to `address` may go out now, with the reason; if so it is counted already.

    `classification` is that of the message that the letter would answer.
    """
    email = address.strip().lower()
    session.execute(queries.lock_address(email))
    now = clock.now()
    counts = session.execute(
        queries.automatic_letters(email, ticket_id, day=now - DAY, hour=now - HOUR)
    ).one()
    allowed, step = may_answer_automatically(
        AnswerFacts(
            address=email,
            classification=classification,
            is_own_address=without_tag(email) in set(session.scalars(queries.own_addresses())),
            has_null_sender=has_null_sender,
            bounces=counts.bounces,
            is_acknowledgement=kind is AutomaticKind.ACKNOWLEDGEMENT,
            on_ticket=counts.on_ticket,
            acknowledged=counts.acknowledged,
            to_address=counts.to_address,
            in_total=counts.in_total,
        )
    )
    if allowed:
        session.add(AutomaticMail(address=email, kind=kind, ticket_id=ticket_id, sent_at=now))
        session.flush()
    return allowed, step


def release_automatic_letter(session: Session, address: str, kind: AutomaticKind, ticket_id: int) -> None:
    """Take back what was claimed in this transaction for a letter about a ticket that cannot go out after all."""
    session.execute(
        delete(AutomaticMail).where(
            AutomaticMail.address == address.strip().lower(),
            AutomaticMail.kind == kind,
            AutomaticMail.ticket_id == ticket_id,
            AutomaticMail.sent_at
            > clock.now() - DAY,  # there was none before in that time, or it had not been claimed
        )
    )


def forget_old_letters(session: Session) -> int:
    """Drop counts that no limit looks at any more; returns how many."""
    old = delete(AutomaticMail).where(AutomaticMail.sent_at < clock.now() - KEPT)
    return len(session.scalars(old.returning(AutomaticMail.id)).all())
